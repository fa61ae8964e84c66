/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sheet of the HTML report. Text has a contrast of 4.5 or more to what is behind it, light and dark; a colour is never
 * the only sign. No '<' or '&' in here: the page is XML too.
 */
#include "render/html.h"

/* clang-format off */
static const char colours[] =
	":root{color-scheme:light dark;--paper:#fbfaf7;--card:#ffffff;--tint:#f4f2ec;--ink:#1b1f24;--soft:#59626d;--line:#e2ded5;"
	"--data:#3b6f9c;--track:#e8e5dd;--tight:#b65a12;--error:#b3261e;--warning:#8f4f00;--notice:#1d5c99;--info:#59626d;--ok:#7fa58c}\n"
	"@media screen and (prefers-color-scheme:dark){:root{--paper:#13161a;--card:#1a1e23;--tint:#20252b;--ink:#e8e6e1;--soft:#a4adb8;"
	"--line:#2d333b;--data:#78aedb;--track:#2b3138;--tight:#eda15a;--error:#ff8d80;--warning:#f0b35a;--notice:#8cc0f2;--info:#a4adb8;"
	"--ok:#5f8f70}}\n"
	".error{--sev:var(--error)}.warning{--sev:var(--warning)}.notice{--sev:var(--notice)}.info{--sev:var(--info)}\n";

static const char page[] =
	"*{box-sizing:border-box}\n"
	"html{font:100%/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",\"Noto Sans\",\"DejaVu Sans\",sans-serif;"
	"-webkit-text-size-adjust:100%;background:var(--paper);color:var(--ink);scroll-padding-top:1rem}\n"
	"body{max-width:76rem;margin:0 auto;padding:clamp(1.25rem,4vw,4rem) clamp(1rem,4vw,3rem);overflow-wrap:anywhere}\n"
	"code,pre,.id,.subject,.path h3,.path h4,.list th[scope=row],.evidence th[scope=row]{font-family:ui-monospace,\"SF Mono\",Menlo,"
	"Consolas,\"DejaVu Sans Mono\",monospace;font-size:.875em}\n"
	"h1,h2,h3,h4,h5,h6{line-height:1.2;margin:0;font-weight:650;text-wrap:balance}p{margin:0}a{color:inherit}\n"
	"a:focus-visible,summary:focus-visible{outline:2px solid var(--notice);outline-offset:3px;border-radius:2px}\n"
	".skip{position:absolute;left:-99em}.skip:focus{position:static}\n"
	".unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}\n"
	"section{margin-top:4.5rem}.title,h2{font-size:1.75rem;letter-spacing:-.015em;border-top:2px solid var(--ink);padding-top:.75rem}"
	"h3.title{font-size:1.4375rem;border-top-width:1px}.netns>h2{font-size:2.125rem}.netns>section{margin-top:3rem}\n"
	"h3{font-size:1.125rem}.lead,.empty,.more{color:var(--soft);margin-top:.35rem;max-width:42rem}\n"
	"table{border-collapse:collapse;width:100%;font-size:.875rem}th{font-weight:400;text-align:left}"
	"th,td{padding:.4rem .75rem .4rem 0;vertical-align:baseline;border-bottom:1px solid var(--line)}"
	"th:last-child,td:last-child{padding-right:0}thead th{color:var(--soft);font-size:.8125rem}"
	"td,dd,b{font-variant-numeric:tabular-nums}.number{text-align:right}.unknown{color:var(--soft)}\n"
	"dl,dd,ul,figure{margin:0;padding:0}ul{list-style:none}dt{color:var(--soft)}summary{cursor:pointer;color:var(--soft);font-size:.8125rem}\n"
	"footer{margin-top:4rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem}\n";

static const char header[] =
	".brand{font-size:.8125rem;font-weight:600;letter-spacing:.04em;color:var(--soft)}\n"
	"h1{font-size:clamp(2rem,6vw,3.5rem);letter-spacing:-.03em;line-height:1.05;margin:.35rem 0 .75rem}\n"
	".verdict{font-size:clamp(1.125rem,2.4vw,1.5rem);line-height:1.35;max-width:36rem;text-wrap:balance}\n"
	".host{display:flex;flex-wrap:wrap;gap:.5rem 2.25rem;margin:1.75rem 0 2.25rem;font-size:.875rem}.host dt{font-size:.8125rem}\n"
	".tiles{display:grid;grid-template-columns:repeat(4,1fr);border-top:1px solid var(--line);border-bottom:1px solid var(--line)}\n"
	".tiles li{padding:.9rem 1rem .8rem;border-left:1px solid var(--line)}.tiles li:first-child{border-left:0;padding-left:0}"
	".tiles b{display:block;font-size:2.5rem;font-weight:300;line-height:1.1;color:var(--sev)}.tiles .none b{color:var(--soft)}\n"
	".badge,.flag{color:var(--sev);font-weight:600;font-size:.875rem;white-space:nowrap}.tiles .none .badge{color:var(--soft);font-weight:400}\n"
	".flag{font-family:system-ui,sans-serif;font-size:.8125rem;white-space:normal}"
	".sign{width:.95em;height:.95em;margin-right:.35em;vertical-align:-.1em;fill:currentColor}\n"
	".rules{margin-top:1.25rem;font-size:.875rem;color:var(--soft)}.stack{display:block;margin:.35rem 0 .5rem}"
	".rules ul{display:flex;flex-wrap:wrap;gap:.15rem 1.5rem}.key{vertical-align:-.05em;margin-right:.2em}\n"
	".v0{fill:var(--ok)}.v1{fill:var(--ink)}.v2{fill:var(--tight)}.v3{fill:var(--data)}.v4{fill:var(--track)}\n"
	"nav{margin-top:2rem;font-size:.875rem}nav ul{display:flex;flex-wrap:wrap;gap:.35rem 1.5rem;margin-top:.35rem}"
	"nav a{text-underline-offset:.25em;text-decoration-color:var(--line)}nav a:hover{text-decoration-color:currentColor}\n"
	"@media (max-width:34rem){.tiles{grid-template-columns:1fr 1fr}.tiles li:nth-child(odd){border-left:0;padding-left:0}"
	".tiles li:nth-child(n+3){border-top:1px solid var(--line)}}\n";

static const char findings[] =
	".group{margin:2.25rem 0 1rem;font-size:1.0625rem;color:var(--soft)}\n"
	".finding,.path{background:var(--card);border:1px solid var(--line);border-top:3px solid var(--sev,var(--line));border-radius:3px;"
	"padding:1.25rem clamp(1rem,2.5vw,1.75rem) 1.4rem;margin-top:1rem}\n"
	".head{display:flex;flex-wrap:wrap;align-items:baseline;gap:.1rem 1rem}.head h3,.head h4,.head h5{flex:1 1 auto;font-size:1.3125rem;"
	"letter-spacing:-.01em;margin:0}.id{flex-basis:100%;color:var(--soft)}\n"
	".case{display:grid;grid-template-columns:minmax(0,6fr) minmax(0,5fr);gap:1rem clamp(1.5rem,4vw,3rem);padding-top:1rem}"
	".case+.case{border-top:1px solid var(--line);margin-top:1.1rem}@media (max-width:56rem){.case{grid-template-columns:minmax(0,1fr)}}\n"
	".kind{color:var(--soft);font-family:system-ui,sans-serif}.subject{margin-bottom:.35rem}.subject code{font-size:1em}"
	".message{font-size:1.0625rem;line-height:1.5;max-width:38rem}\n"
	".fix{margin-top:1rem;padding:.8rem 1rem .9rem;background:var(--tint);border-radius:3px}.fix h4,.fix h5,.fix h6{font-size:.8125rem;font-weight:600;margin-bottom:.15rem}"
	".fix pre{margin:.25rem 0 0;white-space:pre-wrap;font-size:.9375rem;font-weight:600;line-height:1.45}.fix .now{font-size:.8125rem;color:var(--soft)}"
	".fix p+pre,.fix pre+p+p,.fix p+p{margin-top:.6rem}.fix>p{font-size:.9375rem}\n"
	".evidence table{margin-top:.2rem;font-size:.8125rem}.evidence td:last-child{color:var(--soft)}.evidence th[scope=row]{font-size:.75rem}"
	".evidence td:nth-child(2){font-weight:600;min-width:4rem}.evidence th[scope=row]{min-width:7.5rem}.evidence th[scope=col]{white-space:nowrap}.evidence td,.evidence th{padding:.28rem .75rem .28rem 0}@media (max-width:34rem){.evidence td,.evidence th{padding-right:.5rem}.evidence td:nth-child(2){min-width:3.25rem}}.evidence td:last-child{overflow-wrap:break-word}"
	".info .head h3,.info .head h4,.info .head h5{font-size:1.0625rem}.info .message{font-size:.9375rem}.finding.info{padding-top:.9rem;padding-bottom:1rem}"
	".info .case{padding-top:.6rem}.info .reasons,.info .fix{margin-top:.8rem}.info .reasons{padding-top:.7rem}\n"
	".evidence{container-type:inline-size}@container (min-width:28rem){.evidence th[scope=row],.evidence td:last-child{white-space:nowrap}}\n"
	".reasons{margin-top:1.2rem;padding-top:1rem;border-top:1px solid var(--line);display:grid;gap:.6rem clamp(1.5rem,4vw,3rem);"
	"grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr));font-size:.875rem}.reasons dt{font-size:.8125rem}\n";

static const char pictures[] =
	".path .head h3,.path .head h4{font-size:1.0625rem;font-weight:600;letter-spacing:0}"
	".items{display:flex;flex-wrap:wrap;gap:.1rem 1.25rem;font-size:.8125rem;margin-top:.3rem}.items div{display:flex;gap:.4rem}\n"
	".pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1.5rem clamp(1.5rem,4vw,3rem);margin-top:1.2rem}\n"
	"figcaption{font-size:.9375rem;font-weight:600}figure .empty{font-size:.875rem}\n"
	".picture{display:block;margin-top:.4rem;overflow:visible;font-size:12px;fill:var(--ink)}.picture .value{font-weight:600}"
	".picture .axis{fill:var(--soft);font-size:11px}.picture .strong{font-size:11px;font-weight:600}\n"
	".track{fill:var(--track)}.bar{fill:var(--data)}.bar.tight,.bar.warning,.bar.error{fill:var(--tight)}.bar.error{fill:var(--error)}\n"
	".span{stroke:var(--data);stroke-width:10;stroke-linecap:round}.span.tight{stroke:var(--tight)}"
	".spot{fill:var(--card);stroke:var(--data);stroke-width:2}.torn{fill:var(--card)}\n"
	".grid{stroke:var(--card);stroke-width:2}.goal{stroke:var(--ink);stroke-width:2}\n"
	".columns{columns:2 26rem;column-gap:clamp(2rem,5vw,4rem)}.columns section{margin:0;padding-top:4rem;break-inside:avoid}\n"
	".columns .title{font-size:1.3125rem}.list{margin-top:.75rem}.list th[scope=row]{width:99%;font-size:.8125rem}.list td{white-space:nowrap}"
	".list thead th{white-space:nowrap}.list .of{display:block;font-family:system-ui,sans-serif;color:var(--soft);font-size:.8125rem}"
	".list .flag{display:block}.meter{display:block;margin:.3rem 0 .15rem}\n"
	".unjudged{margin-top:.75rem;font-size:.875rem}.unjudged div{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);"
	"gap:.1rem 2rem;padding:.5rem 0;border-bottom:1px solid var(--line)}@media (max-width:40rem){.unjudged div{grid-template-columns:minmax(0,1fr)}}\n"
	"#scope ul{list-style:disc;padding-left:1.2rem;margin-top:.75rem;max-width:46rem}details+details,section>details{margin-top:1rem}\n";

static const char print[] =
	"@page{margin:16mm 15mm}\n"
	"@media print{:root{--paper:#fff;--card:#fff;--tint:#f5f3ee}html{font-size:8.5pt}body{padding:0;max-width:none}nav,.skip{display:none}"
	"section{margin-top:2.2rem}.columns section{padding-top:2rem}.case,.reasons,.path,tr,.unjudged div,.fix{break-inside:avoid}"
	"h2,h3,h4,h5,.lead,.head{break-after:avoid}.reasons{break-before:avoid}.finding,.path{box-decoration-break:clone;-webkit-box-decoration-break:clone}"
	".case{grid-template-columns:minmax(0,6fr) minmax(0,5fr);gap:.6rem 1.4rem}.pictures{grid-template-columns:repeat(3,minmax(0,1fr));gap:1.2rem}"
	".picture,.picture .axis,.picture .strong{font-size:9px}.tiles{grid-template-columns:repeat(4,1fr)}"
	"details::details-content{content-visibility:visible;height:auto}.finding{padding:.8rem 1rem}a{text-decoration:none}"
	".fix,.tiles,svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n"
	"@media (forced-colors:active){.bar,.spot{fill:CanvasText}.track{fill:Canvas;stroke:CanvasText}.span{stroke:CanvasText}}\n";
/* clang-format on */

const char *const html_style[] = {colours, page, header, findings, pictures, print, NULL};
