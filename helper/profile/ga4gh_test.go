package profile_test

import (
	"testing"

	"cgp-cred/helper/profile"
)

// TestGA4GH: the identifiers of GA4GH's APIs are percent-encoded in a path: DRS, TRS, htsget, refget, WES, Beacon.
func TestGA4GH(t *testing.T) {
	t.Parallel()
	const host = "https://int.api.service.nhs.uk"
	whole := config(t, "int int.api.service.nhs.uk")
	below := config(t, "gdam int.api.service.nhs.uk genomic-data-access")
	for path, covered := range map[string]bool{
		"/ga4gh/drs/v1/objects/dg.4503%2F01b048d0-e128-4cb0-94e9-b2d2cab7563d":             true,
		"/ga4gh/drs/v1/objects/dg.4503%2f01b048d0":                                         true,
		"/ga4gh/drs/v1/objects/dg.ANV0%3Adg.ANV0%2F0a1b":                                   true,
		"/ga4gh/drs/v1/objects/dg.4503:dg.4503%2F01b0?expand=true":                         true,
		"/ga4gh/drs/v1/objects/dg.4503%2F01b0/access/s3-eu%2Fwest":                         true,
		"/ga4gh/drs/v1/objects/10.5281%2Fzenodo.3732423":                                   true,
		"/ga4gh/drs/v1/objects/ark%3A%2F13030%2Ftf5p30086k":                                true,
		"/ga4gh/drs/v1/objects/a%20b%2B%E9%8D%B5":                                          true,
		"/ga4gh/drs/v1/objects/%2Fbegins%2Fand%2Fends%2F":                                  true,
		"/ga4gh/drs/v1/objects/100%25":                                                     true,
		"/ga4gh/htsget/v1.3/reads/NA12878%2Fchr1.bam?format=BAM&referenceName=chr1&start=": true,
		"/ga4gh/htsget/v1.3/variants/1000g%3Achr20.vcf.gz":                                 true,
		"/ga4gh/trs/v2/tools/%23workflow%2Fgithub.com%2Forg%2Frepo/versions/v1.0":          true,
		"/ga4gh/trs/v2/tools/quay.io%2Fbiocontainers%2Fbwa/versions/0.7.17--h5bf99c6_8":    true,
		"/refget/sequence/SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2/metadata":                    true,
		"/refget/sequence/ga4gh:SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2?start=10":              true,
		"/ga4gh/wes/v1/runs/.hidden/status":                                                true,
		"/beacon/g_variants/22%3A16050408%3AA%3EG/biosamples":                              true,
		"/FHIR/R4/DocumentReference?subject=Patient%2F9000000009&_include=a%3Ab":           true,

		"/ga4gh/trs/v2/tools/x/versions/1/PLAIN_WDL/descriptor/..%2Fother.wdl": false,
		"/ga4gh/drs/v1/objects/dg.4503%2F..%2F..%2Fadmin":                      false,
		"/ga4gh/drs/v1/objects/dg%2E4503%2F01b0":                               false,
		"/ga4gh/drs/v1/objects/.%2Fx":                                          false,
		"/ga4gh/drs/v1/objects/x%2F.":                                          false,
		"/ga4gh/drs/v1/objects/dg.4503%252F01b0":                               false,
		"/ga4gh/drs/v1/objects/dg.4503%5C01b0":                                 false,
		"/ga4gh/drs/v1/objects/dg.4503%00":                                     false,
	} {
		if got := resolved(t, whole, host+path); (got == "int") != covered {
			t.Errorf("%s: %q for a profile of the whole host, want covered %v", path, got, covered)
		}
		if got := resolved(t, below, host+"/genomic-data-access"+path); (got == "gdam") != covered {
			t.Errorf("%s: %q below an api_name, want covered %v", path, got, covered)
		}
		if got := resolved(t, below, host+"/genomic-data-access%2F"+path[1:]); got != "" {
			t.Errorf("%s: %q if the api_name is only part of a segment, want none", path, got)
		}
	}
}

// resolved returns the name of the profile that covers a URL, or "".
func resolved(t *testing.T, c profile.Config, address string) string {
	t.Helper()
	p, _, err := c.Resolve(profile.Ask{URL: address})
	if err != nil {
		return ""
	}
	return p.Name
}
