package exec

// ParseLine is for the fuzzer, to which a process a value would be too slow.
var ParseLine = parseLine
