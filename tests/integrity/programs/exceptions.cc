// SPDX-License-Identifier: Apache-2.0
//
// Exceptions through many frames, out of destructors' scopes, rethrown, nested, and carried from
// one thread to another; and one that nobody catches ends a child by std::terminate().
#include <sys/wait.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include "integrity.h"

static long destroyed;

struct guard {
	long n;
	explicit guard(long value) : n(value)
	{
	}
	~guard()
	{
		destroyed += n;
	}
};

static noinline long deep(int n, int kind)
{
	guard g(n);
	if (n)
		return deep(n - 1, kind) + g.n;
	if (kind == 1)
		throw std::runtime_error("deep");
	if (kind == 2)
		throw 17;
	return 1;
}

static noinline long again(int n)
{
	try {
		return deep(n, 1);
	} catch (const std::exception &e) {
		guard g(1000);
		if (n & 1)
			throw;
		throw std::logic_error(std::string(e.what()) + "er");
	}
}

static noinline long caught(int n)
{
	try {
		return n % 3 ? again(n) : deep(n, 2);
	} catch (const std::logic_error &e) {
		return (long)e.what()[4];
	} catch (const std::exception &e) {
		return 2;
	} catch (int value) {
		return value;
	}
}

static noinline long across(int n)
{
	std::exception_ptr carried;
	std::thread thread([&] {
		try {
			deep(n, 1);
		} catch (...) {
			carried = std::current_exception();
		}
	});
	thread.join();
	try {
		std::rethrow_exception(carried);
	} catch (const std::runtime_error &) {
		return 5;
	}
}

static noinline void nobody() noexcept
{
	deep(3, 1);
}

int main()
{
	integrity_start();
	long sum = 0;
	for (int i = 0; i < 30; i++)
		sum = sum * 3 + caught(i) + across(i % 4) + deep(i, 0);
	printf("sum %ld destroyed %ld\n", sum, destroyed);
	fflush(stdout);
	int status = 0;
	pid_t child = fork();
	if (!child) {
		fclose(stderr);
		nobody();
	}
	waitpid(child, &status, 0);
	printf("nobody %x\n", status & 0x7f);
	integrity_end(END_NO_MAPS | END_NO_DATA);
	return 6;
}
