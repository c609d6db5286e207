# Writes the program `many`: functions many_0000() to many_9999(), each called once.
# usage: cmake -DOUTPUT=many.c -P many.cmake
set(functions "")
set(table "")
foreach(i RANGE 9999)
  math(EXPR padded "10000 + ${i}")
  string(SUBSTRING ${padded} 1 4 name)
  string(APPEND functions
    "traced int many_${name}(int i, const char *s)\n{\n\tcalls++;\n\treturn i + s[0] + ${i};\n}\n")
  string(APPEND table "\tmany_${name},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"sample.h\"

static unsigned long calls;

${functions}
/* Through a table: ten thousand calls in one function are too much for the compiler. */
static int (*const table[])(int, const char *) = {
${table}};

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	unsigned long sum = 0;
	for (int i = 0; i < 10000; i++)
		sum += (unsigned long)table[i](i, \"x\");
	sample_count(\"many\", calls);
	/* i + 'x' + i, for i from 0 to 9999 */
	return sample_end(&sample, calls == 10000 && sum == 2 * 49995000ul + 10000ul * 'x');
}
")
