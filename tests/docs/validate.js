// SPDX-License-Identifier: GPL-2.0-or-later
// validate.js MODULES SCHEMAS LIST: each line of LIST is a schema's name and a file; prints what ajv has against them.
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, schemas, list] = process.argv.slice(2);
const Ajv = require(path.join(modules, "ajv/dist/2020")).default;
// Strict: a keyword that the schema misspells is an error. Types may stand in another branch than what needs them.
const ajv = new Ajv({allErrors: true, strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true});
const compiled = {};

for (const line of fs.readFileSync(list, "utf8").split("\n").filter(Boolean)) {
	const [name, file] = line.split(" ");
	if (!compiled[name])
		compiled[name] = ajv.compile(JSON.parse(fs.readFileSync(path.join(schemas, `${name}.schema.json`), "utf8")));
	if (!compiled[name](JSON.parse(fs.readFileSync(file, "utf8"))))
		for (const error of compiled[name].errors.slice(0, 5))
			console.log(`${path.basename(file)}: ${error.instancePath || "/"} ${error.message}`);
}
