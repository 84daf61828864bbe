/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only the domain's XML tells. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "backend/libvirt/libvirt.h"

#define VCPUS_MAX 8192

static bool is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *child(const xmlNode *node, const char *name)
{
	if (!node)
		return NULL;
	for (xmlNode *c = node->children; c; c = c->next)
		if (is(c, name))
			return c;
	return NULL;
}

/* An attribute as our own text, or NULL. */
static char *attribute(const xmlNode *node, const char *name)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
	char *copy = value ? strdup((const char *)value) : NULL;

	xmlFree(value);
	return copy;
}

static bool attribute_is(const xmlNode *node, const char *name, const char *wanted)
{
	pri_autofree char *value = attribute(node, name);

	return value && strcmp(value, wanted) == 0;
}

static uint64_t content(const xmlNode *node)
{
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	uint64_t number = text ? strtoull((const char *)text, NULL, 10) : 0;

	xmlFree(text);
	return number;
}

static uint64_t attribute_number(const xmlNode *node, const char *name, uint64_t otherwise)
{
	pri_autofree char *value = attribute(node, name);

	return value ? strtoull(value, NULL, 10) : otherwise;
}

static size_t count(const xmlNode *parent, const char *name)
{
	size_t n = 0;

	for (xmlNode *c = parent ? parent->children : NULL; c; c = c->next)
		n += is(c, name);
	return n;
}

static int take_vcpus(struct pri_lv_xml *xml, const xmlNode *domain)
{
	const xmlNode *vcpu = child(domain, "vcpu"), *each = child(domain, "vcpus");
	uint64_t maximum = vcpu ? content(vcpu) : 1;
	uint64_t current = attribute_number(vcpu, "current", maximum);

	if (maximum > VCPUS_MAX || current > maximum)
		return -EIO;
	xml->vcpus = (unsigned int)maximum;
	xml->vcpu_enabled = calloc(maximum + 1, sizeof(bool));
	if (!xml->vcpu_enabled)
		return -ENOMEM;
	for (uint64_t i = 0; !each && i < maximum; i++)
		xml->vcpu_enabled[i] = i < current;
	xml->vcpus_fixed = each ? 0 : (unsigned int)current;
	for (xmlNode *c = each ? each->children : NULL; c; c = c->next) {
		uint64_t id = is(c, "vcpu") ? attribute_number(c, "id", maximum) : maximum;

		if (id >= maximum || xml->vcpu_enabled[id])
			continue;
		xml->vcpu_enabled[id] = attribute_is(c, "enabled", "yes");
		xml->vcpus_fixed += xml->vcpu_enabled[id] && attribute_is(c, "hotpluggable", "no");
	}
	return 0;
}

static void take_link(struct pri_lv_nic *nic, const xmlNode *source)
{
	static const char *const names[] = {"network", "bridge", "dev"};

	for (size_t i = 0; source && !nic->link && i < PRI_ARRAY_SIZE(names); i++)
		nic->link = attribute(source, names[i]);
	nic->bridge = attribute(source, "bridge");
}

static int take_nics(struct pri_lv_xml *xml, const xmlNode *devices)
{
	xml->nics = calloc(count(devices, "interface") + 1, sizeof(*xml->nics));
	if (!xml->nics)
		return -ENOMEM;
	for (xmlNode *c = devices ? devices->children : NULL; c; c = c->next) {
		struct pri_lv_nic *nic = &xml->nics[xml->nic_count];

		if (!is(c, "interface"))
			continue;
		nic->mac = attribute(child(c, "mac"), "address");
		nic->tap = attribute(child(c, "target"), "dev");
		nic->alias = attribute(child(c, "alias"), "name");
		nic->type = attribute(c, "type");
		take_link(nic, child(c, "source"));
		xml->nic_count++;
		xml->assigned_device = xml->assigned_device || attribute_is(c, "type", "hostdev") ||
				       attribute_is(c, "type", "vdpa");
	}
	return 0;
}

static char *source_of(const xmlNode *disk)
{
	static const char *const names[] = {"file", "dev", "name", "dir", "volume"};
	const xmlNode *source = child(disk, "source");

	for (size_t i = 0; source && i < PRI_ARRAY_SIZE(names); i++) {
		char *value = attribute(source, names[i]);

		if (value)
			return value;
	}
	return NULL;
}

static int take_disks(struct pri_lv_xml *xml, const xmlNode *devices)
{
	xml->disks = calloc(count(devices, "disk") + 1, sizeof(*xml->disks));
	if (!xml->disks)
		return -ENOMEM;
	for (xmlNode *c = devices ? devices->children : NULL; c; c = c->next) {
		struct pri_lv_disk *disk = &xml->disks[xml->disk_count];

		if (!is(c, "disk"))
			continue;
		disk->target = attribute(child(c, "target"), "dev");
		disk->source = source_of(c);
		disk->alias = attribute(child(c, "alias"), "name");
		disk->local = attribute_is(c, "type", "file") || attribute_is(c, "type", "block");
		xml->disk_count++;
	}
	return 0;
}

static int take_devices(struct pri_lv_xml *xml, const xmlNode *domain)
{
	const xmlNode *tune = child(domain, "blkiotune");

	xml->devices = calloc(count(tune, "device") + 1, sizeof(*xml->devices));
	if (!xml->devices)
		return -ENOMEM;
	for (xmlNode *c = tune ? tune->children : NULL; c; c = c->next) {
		xmlChar *path = is(c, "device") ? xmlNodeGetContent(child(c, "path")) : NULL;

		if (!path)
			continue;
		xml->devices[xml->device_count] = strdup((const char *)path);
		xmlFree(path);
		if (!xml->devices[xml->device_count])
			return -ENOMEM;
		xml->device_count++;
	}
	return 0;
}

static void take_memory(struct pri_lv_xml *xml, const xmlNode *domain, const xmlNode *devices)
{
	const xmlNode *balloon = child(devices, "memballoon");

	xml->memory_kib = content(child(domain, "memory"));
	xml->current_memory_kib = content(child(domain, "currentMemory"));
	xml->hugepages = child(child(domain, "memoryBacking"), "hugepages") != NULL;
	xml->balloon_model = attribute(balloon, "model");
	xml->stats_period = (unsigned int)attribute_number(child(balloon, "stats"), "period", 0);
	for (xmlNode *c = devices ? devices->children : NULL; c; c = c->next) {
		/* USB and SCSI devices are no DMA masters of their own. */
		if (is(c, "hostdev") &&
		    (attribute_is(c, "type", "pci") || attribute_is(c, "type", "mdev")))
			xml->assigned_device = true;
	}
}

static bool is_virtio_mem(const xmlNode *node)
{
	return is(node, "memory") && attribute_is(node, "model", "virtio-mem");
}

/* Its alias, or what libvirt will call it. */
static char *memory_name(const xmlNode *node, size_t index)
{
	char *name = attribute(child(node, "alias"), "name");

	if (!name && asprintf(&name, "virtiomem%zu", index) < 0)
		return NULL;
	return name;
}

xmlNode *pri_lv_xml_virtio_mem(xmlDoc *doc, const char *name)
{
	xmlNode *node = child(child(xmlDocGetRootElement(doc), "devices"), "memory");

	for (size_t i = 0; node; node = node->next) {
		pri_autofree char *own = is_virtio_mem(node) ? memory_name(node, i++) : NULL;

		if (own && strcmp(own, name) == 0)
			break;
	}
	return node;
}

static int take_virtio_mems(struct pri_lv_xml *xml, const xmlNode *devices)
{
	xml->virtio_mems = calloc(count(devices, "memory") + 1, sizeof(*xml->virtio_mems));
	if (!xml->virtio_mems)
		return -ENOMEM;
	for (xmlNode *c = devices ? devices->children : NULL; c; c = c->next) {
		struct pri_lv_virtio_mem *device = &xml->virtio_mems[xml->virtio_mem_count];
		const xmlNode *target = child(c, "target");

		if (!is_virtio_mem(c))
			continue;
		device->name = memory_name(c, xml->virtio_mem_count);
		if (!device->name)
			return -ENOMEM;
		device->size_kib = content(child(target, "size"));
		device->block_kib = content(child(target, "block"));
		device->requested_kib = content(child(target, "requested"));
		device->current_kib = content(child(target, "current"));
		xml->virtio_mem_count++;
	}
	return 0;
}

static void init_parser(void)
{
	xmlInitParser();
}

/* libxml2 initializes itself too, but not safely in two threads at once. */
static void need_parser(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_parser);
}

static void ignore_xml_error(void *context, const char *format, ...)
{
	(void)context;
	(void)format;
}

void pri_lv_xml_silence(void)
{
	need_parser();
	xmlSetGenericErrorFunc(NULL, ignore_xml_error);
}

struct _xmlDoc *pri_lv_xml_read(const char *text)
{
	need_parser();
	return xmlReadMemory(text, (int)strlen(text), NULL, NULL,
			     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

int pri_lv_xml_parse(const char *text, struct pri_lv_xml **ret_xml)
{
	struct pri_lv_xml *xml;
	const xmlNode *domain, *devices;
	xmlDoc *doc;
	int r = -EIO;

	xml = calloc(1, sizeof(*xml));
	if (!xml)
		return -ENOMEM;
	doc = pri_lv_xml_read(text);
	domain = doc ? xmlDocGetRootElement(doc) : NULL;
	devices = child(domain, "devices");
	if (domain) {
		xml->active = xmlHasProp(domain, (const xmlChar *)"id") != NULL;
		xml->iothreads = (unsigned int)content(child(domain, "iothreads"));
		take_memory(xml, domain, devices);
		r = take_vcpus(xml, domain);
	}
	if (r == 0)
		r = take_nics(xml, devices);
	if (r == 0)
		r = take_disks(xml, devices);
	if (r == 0)
		r = take_devices(xml, domain);
	if (r == 0)
		r = take_virtio_mems(xml, devices);
	xmlFreeDoc(doc);
	if (r < 0)
		pri_lv_xml_free(xml);
	else
		*ret_xml = xml;
	return r;
}

void pri_lv_xml_free(struct pri_lv_xml *xml)
{
	if (!xml)
		return;
	for (size_t i = 0; i < xml->nic_count; i++) {
		free(xml->nics[i].mac);
		free(xml->nics[i].tap);
		free(xml->nics[i].alias);
		free(xml->nics[i].link);
		free(xml->nics[i].bridge);
		free(xml->nics[i].type);
	}
	for (size_t i = 0; i < xml->disk_count; i++) {
		free(xml->disks[i].target);
		free(xml->disks[i].source);
		free(xml->disks[i].alias);
	}
	for (size_t i = 0; i < xml->device_count; i++)
		free(xml->devices[i]);
	for (size_t i = 0; i < xml->virtio_mem_count; i++)
		free(xml->virtio_mems[i].name);
	free(xml->virtio_mems);
	free(xml->nics);
	free(xml->disks);
	free(xml->devices);
	free(xml->vcpu_enabled);
	free(xml->balloon_model);
	free(xml);
}

/* The XML of a transient domain is given as its persistent one too. */
int pri_lv_xml_require_persistent(struct pri_lv_op *op)
{
	int r = PRI_LV(op->host, virDomainIsPersistent, op->ptr);

	if (r == 0)
		pri_lv_fail(&op->fault, -EOPNOTSUPP,
			    "the domain is transient and has no persistent configuration");
	return r == 1 ? 0 : -1;
}

int pri_lv_xml_fetch(struct pri_lv_op *op, struct pri_lv_xml **ret_xml)
{
	bool config = op->mode == PRALLOC_CONFIG;
	pri_autofree char *text = NULL;
	struct pri_lv_xml *xml;
	int r;

	if (config && pri_lv_xml_require_persistent(op) < 0)
		return -1;
	text = PRI_LV(op->host, virDomainGetXMLDesc, op->ptr, config ? VIR_DOMAIN_XML_INACTIVE : 0);
	if (!text)
		return -1;
	r = pri_lv_xml_parse(text, &xml);
	if (r < 0)
		return pri_lv_fail(&op->fault, r, "libvirt's XML of the domain cannot be read"), -1;
	if (op->mode == PRALLOC_LIVE && !xml->active) {
		pri_lv_xml_free(xml);
		return pri_lv_fail(&op->fault, -ENOTCONN, "the domain does not run"), -1;
	}
	*ret_xml = xml;
	return 0;
}

int pri_lv_xml_cached(struct pri_lv_op *op, const struct pri_lv_xml **ret_xml)
{
	struct pri_lv_domain *domain = op->domain;
	unsigned int changes = pri_wake_changes(op->host->wake);

	/* Asked for again: it pays to be told when it changes. */
	if (domain->xml)
		op->host->wants_events = true;
	if (!domain->xml || !op->host->events || domain->xml_generation != op->host->generation ||
	    domain->xml_changes != changes) {
		pri_lv_xml_free(pri_steal(domain->xml));
		if (pri_lv_xml_fetch(op, &domain->xml) < 0)
			return -1;
		domain->xml_changes = changes;
		domain->xml_generation = op->host->generation;
	}
	*ret_xml = domain->xml;
	return 0;
}
