# cmake -DINPUT=text -DOUTPUT=x.c -DNAME=symbol -DHEADER=x.h -P embed.cmake
# Makes a C file that defines `const char NAME[]`: the text of INPUT.
file(READ ${INPUT} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\t\"" text "${text}")
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nconst char ${NAME}[] =\n\t\"${text}\";\n")
