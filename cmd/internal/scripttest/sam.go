package scripttest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// writeSAM: write-sam FILE writes aligned reads that take about eight megabytes as BAM.
func writeSAM(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: write-sam FILE")
	}
	random := rand.New(rand.NewPCG(1, 2))
	const reads, length = 60_000, 150
	var b strings.Builder
	fmt.Fprintf(&b, "@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:%d\n", reads*100+length)
	for i := range reads {
		fmt.Fprintf(&b, "r%d\t0\tchr1\t%d\t60\t%dM\t*\t0\t0\t", i, i*100+1, length)
		for range length {
			b.WriteByte("ACGT"[random.IntN(4)])
		}
		b.WriteByte('\t')
		for range length {
			b.WriteByte(byte('#' + random.IntN(40)))
		}
		b.WriteByte('\n')
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}
