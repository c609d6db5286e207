foreach(name stream calls exec goroutines losses nesting kernel_spans queue stacks views where)
  utrail_unit_test(stream_${name} SOURCES stream_${name}.c LINK utrail_stream)
endforeach()
utrail_unit_test(stream_spans SOURCES stream_spans.c LINK utrail_stream)
