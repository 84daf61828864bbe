/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Persistent values that libvirt has no element for: in the domain's <metadata>, which travels
 * with it (doc/metadata.rng).  What is not known there stays as it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/tree.h>

#include "backend/libvirt/libvirt.h"

#define NAMESPACE "urn:x-libpralloc:settings:1"
#define PREFIX "pralloc"
#define NUMBER_MAX 24

/* libvirt takes its namespace away from what it gives, and puts it to what it gets. */
static bool is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       strcmp((const char *)node->name, name) == 0;
}

static bool property_is(xmlNode *node, const char *name, const char *wanted)
{
	xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
	bool same = strcasecmp(value ? (const char *)value : "", wanted) == 0;

	xmlFree(value);
	return same;
}

/* The first setting of the change from this node on, or NULL. */
static xmlNode *setting_of(const struct pri_change *change, xmlNode *node)
{
	for (; node; node = node->next)
		if (is(node, "setting") && property_is(node, "attribute", change->attr->name) &&
		    property_is(node, "instance", change->instance))
			return node;
	return NULL;
}

/* NULL where there is none. */
static int fetch(struct pri_lv_op *op, xmlDoc **ret_doc)
{
	pri_autofree char *text = PRI_LV(op->host, virDomainGetMetadata, op->ptr,
					 VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE,
					 VIR_DOMAIN_AFFECT_CONFIG);
	const virError *error = text ? NULL : virGetLastError();
	xmlDoc *doc;

	if (error && error->code == VIR_ERR_NO_DOMAIN_METADATA) {
		virResetLastError();
		*ret_doc = NULL;
		return 0;
	}
	if (!text)
		return -1;
	doc = pri_lv_xml_read(text);
	if (!doc || !is(xmlDocGetRootElement(doc), "settings")) {
		xmlFreeDoc(doc);
		return pri_lv_fail(&op->fault, -EIO,
				   "the domain's metadata of " NAMESPACE " is not a <settings> "
				   "element (virsh metadata shows it, and can remove it)"),
		       -1;
	}
	*ret_doc = doc;
	return 0;
}

static bool number_of(const struct pri_attr *attr, const char *text, uint64_t *ret_number)
{
	bool unlimited = strcmp(text, "unlimited") == 0;

	if (unlimited && (attr->properties & PRALLOC_ATTR_UNLIMITED)) {
		*ret_number = PRALLOC_UNLIMITED;
		return true;
	}
	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	*ret_number = strtoull(text, NULL, 10);
	return errno == 0 && *ret_number >= attr->min && *ret_number <= attr->max;
}

static void hold(const struct pri_lv_op *op, struct pri_change *change, xmlNode *setting)
{
	xmlChar *value = xmlGetNoNsProp(setting, (const xmlChar *)"value");
	const char *text = value ? (const char *)value : "";

	if (setting_of(change, setting->next))
		pri_lv_core->fail_change(op->call, change, -EIO,
					 "it is set twice in the domain's metadata (set it again)");
	else if (!number_of(change->attr, text, &change->held.number))
		pri_lv_core->fail_change(op->call, change, -EIO,
					 "the domain's metadata holds \"%.64s\", which is no value "
					 "of it (set it again)",
					 text);
	xmlFree(value);
}

/* Those that the metadata does not have; what has an element of libvirt's too is asked there. */
static int hold_absent(struct pri_lv_op *op, struct pri_change **absent, size_t n)
{
	struct pri_lv_op rest = *op;
	int r;

	rest.changes = absent;
	rest.n = 0;
	for (size_t i = 0; i < n; i++) {
		absent[i]->held.number = PRALLOC_DEFAULT;
		if (pri_lv_row(absent[i])->family != &pri_lv_metadata)
			absent[rest.n++] = absent[i];
	}
	if (rest.n == 0)
		return 0;
	r = pri_lv_row(absent[0])->family->read(&rest);
	op->fault = rest.fault;
	return r;
}

/* Returns how many are absent. */
static size_t hold_present(const struct pri_lv_op *op, xmlDoc *doc, struct pri_change **absent)
{
	size_t n = 0;

	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		xmlNode *first = doc ? xmlDocGetRootElement(doc)->children : NULL;
		xmlNode *setting = setting_of(change, first);

		if (setting)
			hold(op, change, setting);
		else
			absent[n++] = change;
	}
	return n;
}

static int metadata_read(struct pri_lv_op *op)
{
	pri_autofree struct pri_change **absent = NULL;
	xmlDoc *doc = NULL;
	size_t n = 0;

	if (fetch(op, &doc) < 0)
		return -1;
	absent = calloc(op->n, sizeof(*absent));
	if (absent)
		n = hold_present(op, doc, absent);
	xmlFreeDoc(doc);
	if (!absent)
		return pri_lv_fail(&op->fault, -ENOMEM, "out of memory");
	return hold_absent(op, absent, n);
}

static void drop_settings(const struct pri_change *change, xmlNode *from)
{
	for (xmlNode *node = setting_of(change, from), *next; node; node = next) {
		next = setting_of(change, node->next);
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

static xmlNode *new_setting(const struct pri_change *change, xmlNode *root)
{
	xmlNode *node = xmlNewChild(root, NULL, (const xmlChar *)"setting", NULL);

	if (!node ||
	    !xmlNewProp(node, (const xmlChar *)"attribute", (const xmlChar *)change->attr->name))
		return NULL;
	if (*change->instance &&
	    !xmlNewProp(node, (const xmlChar *)"instance", (const xmlChar *)change->instance))
		return NULL;
	return node;
}

static int put(const struct pri_change *change, xmlNode *root)
{
	uint64_t number = change->wanted.number;
	char text[NUMBER_MAX] = "unlimited";
	xmlNode *setting;

	if (number == PRALLOC_DEFAULT) {
		drop_settings(change, root->children);
		return 0;
	}
	setting = setting_of(change, root->children);
	if (setting)
		drop_settings(change, setting->next);
	else
		setting = new_setting(change, root);
	if (number != PRALLOC_UNLIMITED)
		snprintf(text, sizeof(text), "%" PRIu64, number);
	return setting && xmlSetProp(setting, (const xmlChar *)"value", (const xmlChar *)text)
		       ? 0
		       : -ENOMEM;
}

/* What is left of them, as text; NULL: nothing. */
static int text_of(xmlDoc *doc, xmlBuffer *buffer, const char **ret_text)
{
	*ret_text = NULL;
	if (xmlChildElementCount(xmlDocGetRootElement(doc)) == 0)
		return 0;
	if (!buffer || xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0) < 0)
		return -ENOMEM;
	*ret_text = (const char *)xmlBufferContent(buffer);
	return 0;
}

static int store(struct pri_lv_op *op, xmlDoc *doc, bool existed)
{
	xmlBuffer *buffer = xmlBufferCreate();
	const char *text;
	int r = text_of(doc, buffer, &text);

	if (r < 0)
		r = pri_lv_fail(&op->fault, r, "out of memory");
	else if (text || existed)
		r = PRI_LV(op->host, virDomainSetMetadata, op->ptr, VIR_DOMAIN_METADATA_ELEMENT,
			   text, text ? PREFIX : NULL, NAMESPACE, VIR_DOMAIN_AFFECT_CONFIG);
	xmlBufferFree(buffer);
	return r;
}

/* The document that there is, or a new one. */
static xmlDoc *need_doc(xmlDoc *doc)
{
	return doc ? doc : pri_lv_xml_read("<settings/>");
}

static int metadata_write(struct pri_lv_op *op)
{
	xmlDoc *old = NULL, *doc;
	int r = 0;

	if (fetch(op, &old) < 0)
		return -1;
	doc = need_doc(old);
	for (size_t i = 0; doc && r == 0 && i < op->n; i++)
		r = put(op->changes[i], xmlDocGetRootElement(doc));
	if (!doc || r < 0)
		r = pri_lv_fail(&op->fault, -ENOMEM, "out of memory");
	else
		r = store(op, doc, old != NULL);
	xmlFreeDoc(doc);
	if (r < 0)
		return -1;
	pri_lv_all_took(op);
	return 0;
}

static int add_link(xmlNode *setting, pri_lv_add_device add, void *arg)
{
	xmlChar *attribute = xmlGetNoNsProp(setting, (const xmlChar *)"attribute");
	xmlChar *instance = xmlGetNoNsProp(setting, (const xmlChar *)"instance");
	int r = 0;

	for (size_t i = 0; attribute && instance && *instance && i < PRI_ATTR_COUNT; i++)
		if (pri_lv_core->attrs[i].instance == PRALLOC_INSTANCE_LINK &&
		    strcmp(pri_lv_core->attrs[i].name, (const char *)attribute) == 0)
			r = add(arg, (const char *)instance, NULL);
	xmlFree(attribute);
	xmlFree(instance);
	return r;
}

int pri_lv_metadata_links(struct pri_lv_op *op, pri_lv_add_device add, void *arg)
{
	xmlDoc *doc = NULL;
	int r = 0;

	if (fetch(op, &doc) < 0)
		return -1;
	for (xmlNode *node = doc ? xmlDocGetRootElement(doc)->children : NULL; r == 0 && node;
	     node = node->next)
		if (is(node, "setting"))
			r = add_link(node, add, arg);
	xmlFreeDoc(doc);
	return r;
}

const struct pri_lv_family pri_lv_metadata = {.read = metadata_read, .write = metadata_write};
