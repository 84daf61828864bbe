/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes that are made in libvirt's XML, because no other call of libvirt makes them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
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

/* The XML of the op's mode as a document.  As a family's function. */
static int fetch(struct pri_lv_op *op, unsigned int flags, xmlDoc **ret_doc)
{
	pri_autofree char *text = NULL;

	/* Defining the XML of a transient domain would make it persistent. */
	if (op->mode == PRALLOC_CONFIG && pri_lv_xml_require_persistent(op) < 0)
		return -1;
	text = PRI_LV(op->host, virDomainGetXMLDesc, op->ptr, flags);
	if (!text)
		return -1;
	*ret_doc = pri_lv_xml_read(text);
	if (*ret_doc)
		return 0;
	return pri_lv_fail(&op->fault, -EIO, "libvirt's XML of the domain cannot be read"), -1;
}

int pri_lv_xml_drop_tune(struct pri_lv_op *op, const char *name)
{
	xmlNode *element;
	xmlDoc *doc;
	int r = 0;

	/* With secrets: what is left out here would be lost. */
	if (fetch(op, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE, &doc) < 0)
		return -1;
	element = child(child(xmlDocGetRootElement(doc), "cputune"), name);
	if (element) {
		xmlUnlinkNode(element);
		xmlFreeNode(element);
		r = define(op, doc);
	}
	xmlFreeDoc(doc);
	return r;
}

/* libvirt changes the one thing that can change in a device that is given whole. */
static int update(struct pri_lv_op *op, xmlDoc *doc, xmlNode *device, uint64_t kib)
{
	xmlNode *requested = child(child(device, "target"), "requested");
	xmlBuffer *buffer = xmlBufferCreate();
	char number[24];
	int r = -1;

	snprintf(number, sizeof(number), "%" PRIu64, kib);
	if (requested)
		xmlNodeSetContent(requested, (const xmlChar *)number);
	if (requested && buffer && xmlNodeDump(buffer, doc, device, 0, 0) >= 0)
		r = PRI_LV(op->host, virDomainUpdateDeviceFlags, op->ptr,
			   (const char *)xmlBufferContent(buffer), op->affect);
	else
		pri_lv_fail(&op->fault, -EIO, "libvirt's XML of the device cannot be changed");
	xmlBufferFree(buffer);
	return r;
}

int pri_lv_xml_request_memory(struct pri_lv_op *op, const char *device, uint64_t kib)
{
	unsigned int flags = op->mode == PRALLOC_CONFIG ? VIR_DOMAIN_XML_INACTIVE : 0;
	xmlNode *node;
	xmlDoc *doc;
	int r;

	if (fetch(op, flags, &doc) < 0)
		return -1;
	node = pri_lv_xml_virtio_mem(doc, device);
	r = node ? update(op, doc, node, kib)
		 : pri_lv_fail(&op->fault, -ENODEV,
			       "the domain has no virtio-mem device of this name");
	xmlFreeDoc(doc);
	return r < 0 ? -1 : 0;
}
