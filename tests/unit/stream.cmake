utrail_unit_test(stream_stream SOURCES stream_stream.c LINK utrail_stream)
utrail_unit_test(stream_exec SOURCES stream_exec.c LINK utrail_stream)
