package signer

// Parsers of what an agent or a program answers, for fuzzing.

func ParseIdentities(b []byte) []string {
	all, err := parseIdentities(b)
	if err != nil {
		return nil
	}
	return candidates(all)
}

var (
	ParseAgentSignature = parseSignature512
	ParseSignature      = parseSignature
	ParsePublic         = parsePublic
	Blob                = blob
	Exchange            = exchange
)
