utrail_unit_test(stream_stream SOURCES stream_stream.c LINK utrail_stream)
