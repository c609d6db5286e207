/* SPDX-License-Identifier: Apache-2.0 */
/* The C++ program that the tests of symbols/ look into: methods, references, hidden parameters. */
#include <memory>
#include <string>

#define keep __attribute__((noinline, used))

namespace app
{
enum class Level : unsigned char { low = 1, high = 200 };

struct Base {
	long base_value = 1;
	virtual ~Base() = default;
};

class Server : public Base
{
      public:
	keep explicit Server(int port_number);
	keep int handle(const std::string &request, Level level);
	keep static int parse(const char *text, Server &&other);
	keep bool operator==(const Server &other) const;
	static int instances;

      private:
	int port;
	unsigned flags : 5;
	const char *name = "server";
	Server *next = nullptr;
};

int Server::instances = 0;

Server::Server(int port_number) : port(port_number), flags(3)
{
	instances++;
}

int Server::handle(const std::string &request, Level level)
{
	return port + (int)request.size() + (int)level;
}

int Server::parse(const char *text, Server &&other)
{
	return text[0] + other.port;
}

bool Server::operator==(const Server &other) const
{
	return port == other.port && name == other.name && next == other.next &&
	       flags == other.flags;
}

/* A class that cannot be copied bit by bit: its argument is an address, its result a hidden one. */
keep std::string join(std::string left, std::unique_ptr<int> right, char32_t wide)
{
	return left + std::to_string(*right + (int)wide);
}

/* By address for its member, which is by address for its base. */
struct Part : Base {
	int size;
};
struct Whole {
	Part whole;
};
struct Plain {
	long first, second;
};

keep Whole share(Whole given, Plain plain, int count)
{
	given.whole.size = (int)plain.first + count;
	return given;
}

template <typename T> keep T twice(T value)
{
	return value + value;
}

/* The compiler hands constructors of classes with virtual bases a table of more tables. */
struct Diamond : virtual Base {
	keep explicit Diamond(int value);
	int value;
};

Diamond::Diamond(int initial) : value(initial)
{
}
struct Bottom : Diamond {
	keep Bottom() : Diamond(4)
	{
	}
};

namespace
{
keep int hidden(double value, std::nullptr_t)
{
	return (int)value;
}
} // namespace
} // namespace app

int main(int argc, char **)
{
	app::Server server(argc), other(2);
	app::Bottom bottom;
	int sum = server.handle("x", app::Level::high) + app::Server::parse("y", app::Server(1));
	sum += app::share({}, {1, 2}, argc).whole.size;
	sum += app::join("a", std::make_unique<int>(3), U'x').size() + app::twice(argc);
	return sum + app::hidden(1.5, nullptr) + (server == other) + (int)app::twice(2.5) +
	       bottom.value;
}
