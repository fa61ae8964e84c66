/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a call to its method; org.varlink.service itself (varlink.org/Service). */
#include <errno.h>
#include <string.h>
#include "varlink/server-private.h"

#define SERVICE "org.varlink.service"

static const char service_description[] =
	"# Says what a service is and which interfaces it implements. Every Varlink service has it.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who made the service, and the names of its interfaces.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The definition of one interface, in Varlink's language.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"# The service has no such interface.\n"
	"error InterfaceNotFound (interface: string)\n"
	"\n"
	"# The interface has no such method.\n"
	"error MethodNotFound (method: string)\n"
	"\n"
	"# The interface has the method, and this service does not implement it.\n"
	"error MethodNotImplemented (method: string)\n"
	"\n"
	"# A parameter is missing, unknown, or not of its type.\n"
	"error InvalidParameter (parameter: string)\n"
	"\n"
	"# The caller is not allowed to do this.\n"
	"error PermissionDenied ()\n"
	"\n"
	"# The method is to be called with `more`.\n"
	"error ExpectedMore ()\n";

static int error_about(struct varlink_call *call, const char *error, const char *member, const char *value)
{
	json_t *o = json_object();

	json_object_set_new(o, member, json_string(value));
	return varlink_error(call, error, o);
}

int varlink_invalid_parameter(struct varlink_call *call, const char *name)
{
	return error_about(call, SERVICE ".InvalidParameter", "parameter", name);
}

int varlink_expected_more(struct varlink_call *call)
{
	return varlink_error(call, SERVICE ".ExpectedMore", NULL);
}

const char *varlink_unknown_parameter(const json_t *parameters, const char *known)
{
	json_t *o = (json_t *)parameters;

	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
		if (!known || strcmp(json_object_iter_key(i), known))
			return json_object_iter_key(i);
	return NULL;
}

static int get_info(struct varlink_server *s, struct varlink_call *call, const json_t *parameters)
{
	const struct varlink_info *info = s->info;
	const char *unknown = varlink_unknown_parameter(parameters, NULL);
	json_t *interfaces;

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	interfaces = json_array();
	for (const struct varlink_interface *i = info->interfaces; i->name; i++)
		json_array_append_new(interfaces, json_string(i->name));
	json_array_append_new(interfaces, json_string(SERVICE));
	return varlink_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", info->vendor, "product", info->product,
					     "version", info->version, "url", info->url, "interfaces", interfaces));
}

static const char *find_description(const struct varlink_server *s, const char *name)
{
	if (!strcmp(name, SERVICE))
		return service_description;
	for (const struct varlink_interface *i = s->info->interfaces; i->name; i++)
		if (!strcmp(i->name, name))
			return i->description;
	return NULL;
}

static int get_interface_description(struct varlink_server *s, struct varlink_call *call, const json_t *parameters)
{
	const char *name = json_string_value(json_object_get(parameters, "interface")), *description;
	const char *unknown = varlink_unknown_parameter(parameters, "interface");

	if (unknown)
		return varlink_invalid_parameter(call, unknown);
	if (!name)
		return varlink_invalid_parameter(call, "interface");
	description = find_description(s, name);
	if (!description)
		return error_about(call, SERVICE ".InterfaceNotFound", "interface", name);
	return varlink_reply(call, json_pack("{s:s}", "description", description));
}

static int no_such_method(struct varlink_server *s, struct varlink_call *call, const char *method)
{
	const char *dot = strrchr(method, '.');
	char interface[256];

	snprintf(interface, sizeof(interface), "%.*s", dot ? (int)(dot - method) : 0, method);
	if (dot && !find_description(s, interface))
		return error_about(call, SERVICE ".InterfaceNotFound", "interface", interface);
	return error_about(call, SERVICE ".MethodNotFound", "method", method);
}

static int run(struct varlink_server *s, struct varlink_call *call, const struct varlink_request *q)
{
	if (!strcmp(q->method, SERVICE ".GetInfo"))
		return get_info(s, call, q->parameters);
	if (!strcmp(q->method, SERVICE ".GetInterfaceDescription"))
		return get_interface_description(s, call, q->parameters);
	for (const struct varlink_method *m = s->info->methods; m->name; m++) {
		if (strcmp(m->name, q->method))
			continue;
		/* Nothing here would take a connection over. */
		if (!m->run || q->upgrade)
			return error_about(call, SERVICE ".MethodNotImplemented", "method", q->method);
		return m->run(s->user, call, q->parameters);
	}
	return no_such_method(s, call, q->method);
}

int varlink_dispatch(struct varlink_server *s, struct varlink_call *call, const struct varlink_request *q)
{
	int r = run(s, call, q);

	/* Nobody waits for it; whoever meant to answer later must not hold it, since the next call takes its place. */
	if (call->oneway && call->busy) {
		call->busy = false;
		if (call->gone)
			call->gone(call->gone_user, call);
	}
	return r;
}
