/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of sub-commands. */
#include "app.h"
#include "suggest.h"

#include <string.h>

#define ANY_NUMBER SIZE_MAX

const struct command commands[] = {
	{
		.name = "list",
		.usage = "",
		.summary = "who has what: one line per domain",
		.details =
			"A column holds - where the host does not serve it.  MEMORY is what the\n"
			"domain has of what it can have, in brackets what the balloon is on its\n"
			"way to.  A domain that is off is shown as it is configured.",
		.examples = {{"pralloc list", "the domains of the default host"},
			     {"pralloc -c fake:///3 list --json", "the same for a program"}},
		.access = ACCESS_READ,
		.run = run_list,
	},
	{
		.name = "show",
		.usage = "VM",
		.summary = "all attributes of one domain, or of the host (@host)",
		.details =
			"With -v also those that cannot be read, and why.  With --watch again and\n"
			"again, with * behind what has changed, until Ctrl-C.",
		.examples = {{"pralloc show vm1", "what vm1 has now"},
			     {"pralloc show --config vm1", "what it will start with"}},
		.options = OPTIONS_MODE | OPTION_VERBOSE | OPTION_WATCH,
		.access = ACCESS_READ,
		.least_words = 1,
		.most_words = 1,
		.run = run_show,
	},
	{
		.name = "get",
		.usage = "VM ATTR...",
		.summary = "read some attributes",
		.details = "ATTR is a name, or NAME[INSTANCE] for one device, interface or vCPU;\n"
			   "without an instance all of them are read.",
		.examples = {{"pralloc get vm1 cpu.shares mem.balloon", "two attributes"},
			     {"pralloc get vm1 'cpu.pin[0]'", "one instance"}},
		.options = OPTIONS_MODE,
		.access = ACCESS_READ,
		.least_words = 2,
		.most_words = ANY_NUMBER,
		.run = run_get,
	},
	{
		.name = "set",
		.usage = "VM ATTR=VALUE... [VM ATTR=VALUE...]...",
		.summary = "change attributes of one or many domains, all or nothing",
		.details =
			"A word with = is an assignment, a word without is the domain that the\n"
			"following ones are for; @host is the host.  Values: 512M, 80mbit, 25%,\n"
			"unlimited, default, 0,2-3; ranges: pralloc attributes.",
		.examples = {{"pralloc set vm1 cpu.shares=512 vm2 cpu.shares=2048",
			      "both, or neither"},
			     {"pralloc set --dry-run vm1 mem.balloon=512M",
			      "whether it could be done"}},
		.options = OPTIONS_PLAN,
		.access = ACCESS_WRITE,
		.least_words = 2,
		.most_words = ANY_NUMBER,
		.run = run_set,
	},
	{
		.name = "reset",
		.usage = "VM [ATTR...]",
		.summary = "put attributes back to the configuration or the kernel's default",
		.details =
			"Without ATTR all that the host serves, all or nothing.  Several ATTR are\n"
			"done one after the other.  With --config the persistent value itself\n"
			"becomes \"not set\".",
		.examples = {{"pralloc reset vm1 cpu.shares", "one attribute"},
			     {"pralloc reset vm1", "everything that was set"}},
		.options = OPTIONS_MODE | OPTIONS_FORCE | OPTION_DRY_RUN,
		.access = ACCESS_WRITE,
		.least_words = 1,
		.most_words = ANY_NUMBER,
		.run = run_reset,
	},
	{
		.name = "restore",
		.usage = "VM...|--all",
		.summary = "give domains the persistent values that they do not start with",
		.details =
			"What libvirt has no element for is kept in the domain's metadata: weights,\n"
			"guarantees and rates of the network, protection of memory.  To be done\n"
			"after each start of a domain; all or nothing for each of them.",
		.examples = {{"pralloc restore vm1", "after a start of vm1"},
			     {"pralloc restore --all --served",
			      "all that run, as far as it is served here"}},
		.options = OPTIONS_FORCE | OPTION_ALL | OPTION_SERVED | OPTION_DRY_RUN,
		.access = ACCESS_WRITE,
		.most_words = ANY_NUMBER,
		.run = run_restore,
	},
	{
		.name = "save",
		.usage = "VM",
		.summary = "print what was set as a plan, which apply takes",
		.details =
			"What is not the default, and what a reset would make something else.\n"
			"With --config what is set in the persistent configuration; apply it with\n"
			"--config too.",
		.examples = {{"pralloc save vm1 >vm1.plan", "keep what vm1 has now"},
			     {"pralloc save --config vm1", "what it will start with"}},
		.options = OPTIONS_MODE,
		.access = ACCESS_READ,
		.least_words = 1,
		.most_words = 1,
		.run = run_save,
	},
	{
		.name = "move",
		.usage = "ATTR AMOUNT VM[,VM...] VM[,VM...]",
		.summary = "move an amount from some domains to others, nothing created or lost",
		.details =
			"The first domains give, the second ones take; several share the amount\n"
			"evenly.  ATTR is an attribute whose amounts add up, as shares, weights and\n"
			"rates; mem stands for mem.balloon and cpu for cpu.shares.",
		.examples = {{"pralloc move mem 512MiB vm3 vm2",
			      "when vm3 has given it, vm2 gets it"},
			     {"pralloc move cpu 512 vm1 vm2,vm3", "256 shares for each"}},
		.options = OPTIONS_PLAN,
		.access = ACCESS_WRITE,
		.least_words = 4,
		.most_words = 4,
		.run = run_move,
	},
	{
		.name = "plan",
		.usage = "FILE|-",
		.summary = "whether the changes of a plan file can be done: all problems at once",
		.details = "Changes nothing: what apply would do, and what stands against it.",
		.examples = {{"pralloc plan evening.plan", "step by step"},
			     {"pralloc plan --json evening.plan", "the same for a program"}},
		.options = OPTIONS_MODE | OPTIONS_FORCE | OPTION_RESCALE,
		.access = ACCESS_WRITE,
		.least_words = 1,
		.most_words = 1,
		.run = run_plan,
	},
	{
		.name = "recover",
		.usage = "FILE",
		.summary = "take back what a killed set, move or apply with --journal has left",
		.details = "The journal names the hosts.  What somebody has changed since stays.",
		.examples = {{"pralloc recover /var/lib/agent/journal", "put things right"},
			     {"pralloc recover --dry-run journal", "what would be put back"}},
		.options = OPTION_DRY_RUN,
		.access = ACCESS_NONE,
		.least_words = 1,
		.most_words = 1,
		.run = run_recover,
	},
	{
		.name = "apply",
		.usage = "FILE|-",
		.summary = "do the changes of a plan file, all or nothing",
		.details = "The form of the file is described in pralloc-plan(5); - reads the\n"
			   "standard input.",
		.examples = {{"pralloc --dry-run apply evening.plan", "whether it can be done"},
			     {"echo 'vm1 cpu.shares=512' | pralloc apply -", "from a pipe"}},
		.options = OPTIONS_PLAN,
		.access = ACCESS_WRITE,
		.least_words = 1,
		.most_words = 1,
		.run = run_apply,
	},
	{
		.name = "events",
		.usage = "",
		.summary = "tell what happens: domains, balloons, settings, the connection",
		.details =
			"One line per event, until Ctrl-C, or --count events, or for --timeout\n"
			"seconds.  With --json each line is an object.  When --count events do not\n"
			"come in the time of --timeout, that is a failure.",
		.examples = {{"pralloc events", "everything, from now on"},
			     {"pralloc events --json --count 1 --timeout 60",
			      "wait a minute for anything to happen"}},
		.options = OPTION_COUNT,
		.access = ACCESS_READ,
		.lines = true,
		.run = run_events,
	},
	{
		.name = "net",
		.usage = "[link LINK RATE [IN-RATE] | reset LINK]",
		.summary = "who shares a link and what passes, or the rates of a link",
		.details =
			"LINK is a bridge or network.  Without words: links with the sum of the\n"
			"guarantees, their rates and what passes now, and the domains on them.  link\n"
			"sets what the domains on a link share, in both directions RATE unless\n"
			"IN-RATE tells that towards them; reset gives the link back.",
		.examples = {{"pralloc net --watch=1", "what passes, every second"},
			     {"pralloc net link br0 800mbit", "share 800 Mbit/s by weight"}},
		.options = OPTIONS_FORCE | OPTION_DRY_RUN | OPTION_WATCH,
		.access = ACCESS_WRITE,
		.shows = true,
		.most_words = 4,
		.run = run_net,
	},
	{
		.name = "host",
		.usage = "",
		.summary = "what the host is, and which backend serves what or why none does",
		.examples = {{"pralloc host", "the default host"},
			     {"pralloc -c qemu+ssh://node7/system host", "another machine"}},
		.access = ACCESS_READ,
		.run = run_host,
	},
	{
		.name = "attributes",
		.usage = "[NAME...]",
		.summary = "the attributes that exist: unit, range, kind, default",
		.details = "NAME is one attribute or the beginning of several: cpu, io.guest.",
		.examples = {{"pralloc attributes", "all of them"},
			     {"pralloc attributes -v mem", "all there is to know of memory"}},
		.options = OPTION_VERBOSE,
		.access = ACCESS_NONE,
		.most_words = ANY_NUMBER,
		.run = run_attributes,
	},
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(struct app *app, const char *name)
{
	struct suggestion suggestion;
	size_t i;

	suggest_begin(&suggestion, name);
	for (i = 0; i < command_count; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		suggest_offer(&suggestion, commands[i].name);
	}
	fail_usage(app, "there is no sub-command %s", name);
	if (*suggestion.best)
		hint(app, "did you mean pralloc %s?", suggestion.best);
	return NULL;
}
