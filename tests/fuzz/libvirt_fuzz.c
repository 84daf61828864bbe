/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: what libvirt gives as the XML of a domain, or as the libpralloc element of its metadata;
 * each text is tried as both.  The calls of libvirt that give and take them are played here: what
 * was set is what is given from then on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/tree.h>

#include "backend/libvirt/libvirt.h"
#include "core/core.h"

#include "fuzz.h"
#include "must.h"

#define TEXT_MAX 65536
#define VCPUS_MAX 8192
#define KIB_WANTED 4096
#define GUARANTEE (UINT64_C(64) << 20)

/* What libvirt has of the domain. */
static char *element, *description;
/* What was changed in it; NULL: nothing. */
static char *changed;

static void replace(char **text, const char *with)
{
	free(*text);
	*text = with ? strdup(with) : NULL;
}

char *virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
	(void)domain;
	(void)flags;
	return strdup(description);
}

virDomainPtr virDomainDefineXML(virConnectPtr conn, const char *xml)
{
	static char domain;

	(void)conn;
	replace(&changed, xml);
	return (virDomainPtr)(void *)&domain;
}

int virDomainUpdateDeviceFlags(virDomainPtr domain, const char *xml, unsigned int flags)
{
	(void)domain;
	(void)flags;
	replace(&changed, xml);
	return 0;
}

int virDomainFree(virDomainPtr domain)
{
	(void)domain;
	return 0;
}

int virDomainIsPersistent(virDomainPtr domain)
{
	(void)domain;
	return 1;
}

char *virDomainGetMetadata(virDomainPtr domain, int type, const char *uri, unsigned int flags)
{
	(void)domain;
	(void)type;
	(void)uri;
	(void)flags;
	return strdup(element ? element : "<settings/>");
}

int virDomainSetMetadata(virDomainPtr domain, int type, const char *metadata, const char *key,
			 const char *uri, unsigned int flags)
{
	(void)domain;
	(void)type;
	(void)key;
	(void)uri;
	(void)flags;
	replace(&element, metadata);
	return 0;
}

static void check_fault(const struct pri_lv_fault *fault)
{
	MUST(fault->code < 0);
	MUST(fault->text[0] != '\0');
	MUST(!strchr(fault->text, '\n'));
}

static struct pri_lv_op op_of(struct pri_lv_host *host, const struct pri_call *call)
{
	return (struct pri_lv_op){.host = host, .call = call, .mode = PRALLOC_CONFIG};
}

static void check_request(struct pri_lv_op op, const struct pri_lv_virtio_mem *device)
{
	xmlDoc *doc;

	replace(&changed, NULL);
	if (pri_lv_xml_request_memory(&op, device->name, KIB_WANTED) < 0) {
		check_fault(&op.fault);
		return;
	}
	doc = changed ? pri_lv_xml_read(changed) : NULL;
	MUST(doc);
	xmlFreeDoc(doc);
}

static void check_drop(struct pri_lv_op op, const struct pri_lv_xml *xml)
{
	struct pri_lv_xml *again = NULL;

	replace(&changed, NULL);
	if (pri_lv_xml_drop_tune(&op, "shares") < 0) {
		check_fault(&op.fault);
		return;
	}
	if (!changed)
		return;
	MUST(pri_lv_xml_parse(changed, &again) == 0);
	MUST(again->nic_count == xml->nic_count);
	MUST(again->disk_count == xml->disk_count);
	MUST(again->virtio_mem_count == xml->virtio_mem_count);
	MUST(again->memory_kib == xml->memory_kib);
	MUST(again->vcpus == xml->vcpus);
	pri_lv_xml_free(again);
}

static void check_domain(const struct pri_lv_op *op)
{
	struct pri_lv_xml *xml = NULL;
	int r = pri_lv_xml_parse(description, &xml);

	MUST(r == 0 || r == -EIO);
	if (r < 0)
		return;
	MUST(xml->vcpus <= VCPUS_MAX);
	MUST(xml->vcpus_fixed <= xml->vcpus);
	for (size_t i = 0; i < xml->virtio_mem_count; i++)
		check_request(*op, &xml->virtio_mems[i]);
	check_drop(*op, xml);
	pri_lv_xml_free(xml);
}

enum { GUARANTEED, WEIGHED, CHANGES };

/* Each with its number or with an error that is told. */
static int read_settings(struct pri_lv_op op, struct pri_change changes[CHANGES])
{
	struct pri_change *list[CHANGES] = {&changes[GUARANTEED], &changes[WEIGHED]};

	op.changes = list;
	op.n = CHANGES;
	for (size_t i = 0; i < CHANGES; i++)
		free(pri_steal(changes[i].text));
	changes[GUARANTEED].error = changes[WEIGHED].error = 0;
	if (pri_lv_metadata.read(&op) < 0) {
		check_fault(&op.fault);
		return -1;
	}
	for (size_t i = 0; i < CHANGES; i++) {
		const struct pri_change *change = &changes[i];
		uint64_t held = change->held.number;

		MUST(!change->error || (change->text && !strchr(change->text, '\n')));
		MUST(change->error || held == PRALLOC_DEFAULT || held == PRALLOC_UNLIMITED ||
		     (held >= change->attr->min && held <= change->attr->max));
	}
	return 0;
}

static int write_guarantee(struct pri_lv_op op, struct pri_change *change, uint64_t number)
{
	op.changes = &change;
	op.n = 1;
	change->wanted.number = number;
	return pri_lv_metadata.write(&op);
}

static void init_change(struct pri_change *change, const struct pri_lv_host *host, int attr,
			const char *instance)
{
	*change = (struct pri_change){
		.attr = &pri_lv_core->attrs[attr],
		.serve = &pri_lv_row_find(host, attr)->serve,
		.instance = instance,
		.mode = PRALLOC_CONFIG,
	};
}

static int add_nothing(void *arg, const char *path, const char *alias)
{
	(void)arg;
	(void)alias;
	MUST(*path);
	return 0;
}

/* What is set is read; what is beside it stays. */
static void check_settings(const struct pri_lv_op *op)
{
	static const uint64_t wanted[] = {GUARANTEE, PRALLOC_DEFAULT};
	struct pri_change changes[CHANGES];
	struct pri_lv_op links = *op;

	init_change(&changes[GUARANTEED], op->host, PRI_MEM_GUARANTEE, "");
	init_change(&changes[WEIGHED], op->host, PRI_NET_WEIGHT_IN, "br0");
	(void)pri_lv_metadata_links(&links, add_nothing, NULL);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(wanted); i++) {
		uint64_t weight;
		int error;

		if (read_settings(*op, changes) < 0)
			return;
		weight = changes[WEIGHED].held.number;
		error = changes[WEIGHED].error;
		MUST(write_guarantee(*op, &changes[GUARANTEED], wanted[i]) == 0);
		MUST(read_settings(*op, changes) == 0);
		MUST(!changes[GUARANTEED].error);
		MUST(changes[GUARANTEED].held.number == wanted[i]);
		MUST(changes[WEIGHED].error == error);
		MUST(error || changes[WEIGHED].held.number == weight);
	}
	for (size_t i = 0; i < CHANGES; i++)
		free(changes[i].text);
}

static void finish(void *state)
{
	(void)state;
}

static struct pri_lv_host *the_host(void)
{
	static struct pri_lv_host host = {.driver = PRI_LV_QEMU, .cgroup_version = 2};

	if (host.worker)
		return &host;
	pri_lv_core = &pri_core_services;
	pri_lv_xml_silence();
	MUST(pri_worker_new(NULL, finish, &host.worker) == 0);
	return &host;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pri_backend backend = {.name = "libvirt"};
	const struct pri_call call = {.backend = &backend, .target = "vm1", .root = ""};
	struct pri_lv_op op = op_of(the_host(), &call);

	if (size >= TEXT_MAX)
		return 0;
	description = malloc(size + 1);
	if (!description)
		return 0;
	memcpy(description, data, size);
	description[size] = '\0';
	check_domain(&op);
	replace(&element, description);
	check_settings(&op);
	replace(&element, NULL);
	replace(&changed, NULL);
	replace(&description, NULL);
	return 0;
}
