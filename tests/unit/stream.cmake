foreach(name stream exec losses nesting queue stacks where)
  utrail_unit_test(stream_${name} SOURCES stream_${name}.c LINK utrail_stream)
endforeach()
utrail_unit_test(stream_spans SOURCES stream_spans.c LINK utrail_stream)
