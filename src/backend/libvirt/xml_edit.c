/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of the persistent definition that no other call of libvirt can make. */
#include <errno.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "backend/libvirt/libvirt.h"

static xmlNode *child(xmlNode *node, const char *name)
{
	for (xmlNode *c = node ? node->children : NULL; c; c = c->next)
		if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, name) == 0)
			return c;
	return NULL;
}

static int define(struct pri_lv_op *op, xmlDoc *doc)
{
	virDomainPtr defined;
	xmlChar *text = NULL;
	int size;

	xmlDocDumpMemory(doc, &text, &size);
	if (!text)
		return pri_lv_fail(&op->fault, -ENOMEM, "out of memory"), -1;
	defined = PRI_LV(op->host, virDomainDefineXML, op->host->conn, (const char *)text);
	xmlFree(text);
	if (!defined)
		return -1;
	virDomainFree(defined);
	return 0;
}

int pri_lv_xml_drop_tune(struct pri_lv_op *op, const char *name)
{
	/* With secrets: what is left out here would be lost. */
	unsigned int flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
	pri_autofree char *text = NULL;
	xmlNode *element;
	xmlDoc *doc;
	int r = 0;

	/* Defining the XML of a transient domain would make it persistent. */
	if (pri_lv_xml_require_persistent(op) < 0)
		return -1;
	text = PRI_LV(op->host, virDomainGetXMLDesc, op->ptr, flags);
	if (!text)
		return -1;
	doc = pri_lv_xml_read(text);
	if (!doc)
		return pri_lv_fail(&op->fault, -EIO, "libvirt's XML of the domain cannot be read"),
		       -1;
	element = child(child(xmlDocGetRootElement(doc), "cputune"), name);
	if (element) {
		xmlUnlinkNode(element);
		xmlFreeNode(element);
		r = define(op, doc);
	}
	xmlFreeDoc(doc);
	return r;
}
