/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same as consumer.c in C++11: handles in smart pointers, an error as an exception. */
#include <pralloc.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace
{

struct closer {
	void operator()(pr_ctx *ctx) const
	{
		pr_ctx_unref(ctx);
	}
	void operator()(pr_host *host) const
	{
		pr_host_close(host);
	}
	void operator()(pr_domain *dom) const
	{
		pr_domain_close(dom);
	}
};

using ctx_ptr = std::unique_ptr<pr_ctx, closer>;
using host_ptr = std::unique_ptr<pr_host, closer>;
using domain_ptr = std::unique_ptr<pr_domain, closer>;

ctx_ptr make_ctx()
{
	pr_ctx *ctx = nullptr;

	if (pr_ctx_new(&ctx) < 0)
		throw std::bad_alloc();
	return ctx_ptr(ctx);
}

host_ptr open_host(pr_ctx *ctx, const char *uri)
{
	pr_host *host = nullptr;

	if (pr_host_open(ctx, uri, 0, &host) < 0)
		throw std::runtime_error(pr_ctx_errmsg(ctx));
	return host_ptr(host);
}

void set_shares(pr_host *host, const char *name)
{
	pr_domain *opened = nullptr;
	std::uint64_t shares = 0;

	if (pr_domain_open(host, name, 0, &opened) < 0)
		throw std::runtime_error(pr_host_errmsg(host));
	domain_ptr dom(opened);
	if (pr_cpu_set_shares(dom.get(), 2048, PRALLOC_LIVE) < 0 ||
	    pr_get_u64(dom.get(), "cpu.shares", nullptr, &shares, 0) < 0)
		throw std::runtime_error(pr_domain_errmsg(dom.get()));
	std::printf("%s %lu\n", name, static_cast<unsigned long>(shares));
}

} // namespace

int main(int argc, char **argv)
{
	try {
		ctx_ptr ctx = make_ctx();
		host_ptr host = open_host(ctx.get(), argc > 1 ? argv[1] : "fake:///2");

		set_shares(host.get(), "vm1");
		set_shares(host.get(), "vm2");
	} catch (const std::exception &error) {
		std::printf("%s\n", error.what());
		return 1;
	}
	return 0;
}
