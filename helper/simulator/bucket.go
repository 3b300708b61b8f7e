package simulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	bucketName    = "simulated-genomic-data"
	awsTime       = "20060102T150405Z"
	signingMethod = "AWS4-HMAC-SHA256"
	// keyOfLinks is an access key ID in the form of a temporary one, as the platform's own signs its links.
	keyOfLinks = "ASIASIMULATEDLINKS00"
)

// bucket is the second host, which holds the data as S3 does.
type bucket struct {
	*Simulator
	secret [32]byte // signs links, new in each run

	mu  sync.Mutex
	url string // scheme and authority
}

func newBucket(s *Simulator) *bucket {
	b := &bucket{Simulator: s}
	_, _ = rand.Read(b.secret[:]) // never fails
	return b
}

// Bucket returns the second host: the S3-like server to which links and htsget tickets of the API point. Serve it on
// another address than the API, and say which with [Simulator.SetBucketURL]. It accepts links that the API signed and
// that have not expired, and uploads with credentials that the API gave out. As S3 does, it refuses a request with any
// other Authorization header with status 400.
func (s *Simulator) Bucket() http.Handler { return s.bucket }

// SetBucketURL says under which scheme and authority clients reach [Simulator.Bucket]. Without a host, such as
// http://:8080, it is the host that the client called the API by.
func (s *Simulator) SetBucketURL(base string) {
	s.bucket.mu.Lock()
	defer s.bucket.mu.Unlock()
	s.bucket.url = strings.TrimRight(base, "/")
}

// ServeHTTP answers one request as S3 would.
func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // an upload takes as long as it takes
	p := b.faults.next(bucketSide)
	a := p.instead
	if p.intercept == nil {
		a = b.answer(r)
	}
	a.header("Server", "AmazonS3")
	a.header("X-Amz-Request-Id", strings.ToUpper(randomHex(8)))
	b.deliver(w, r, a, p)
}

// answer checks who asks before it looks for anything, as S3 does.
func (b *bucket) answer(r *http.Request) answer {
	if r.Method == http.MethodOptions {
		return s3Error(http.StatusForbidden, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
	}
	if refused := b.foreignCredential(r); refused != nil {
		return *refused
	}
	key, ok := b.objectKey(r)
	if !ok {
		return s3Error(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	}
	if r.Header.Get("Authorization") != "" {
		return b.owned(r, key)
	}
	if refused := b.checkLink(r, key); refused != nil {
		return *refused
	}
	if !reads(r) {
		return s3Error(http.StatusMethodNotAllowed, "MethodNotAllowed",
			"The specified method is not allowed against this resource.")
	}
	return b.object(key)
}

// foreignCredential refuses a credential that is not S3's own. The body does not repeat it, although S3's does.
func (b *bucket) foreignCredential(r *http.Request) *answer {
	var a answer
	authorization := r.Header.Get("Authorization")
	switch {
	case authorization != "" && r.URL.Query().Has("X-Amz-Signature"):
		a = s3Error(http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed; only the "+
			"X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be "+
			"specified")
	case authorization != "" && !strings.HasPrefix(authorization, signingMethod+" "):
		a = s3Error(http.StatusBadRequest, "InvalidArgument", "Unsupported Authorization Type")
	case r.Header.Get("apikey") != "":
		a = s3Error(http.StatusBadRequest, "InvalidRequest", "An API key was sent to a host that it does not belong to")
	default:
		return nil
	}
	return &a
}

// objectKey returns the key that a request is for, in either form: /BUCKET/KEY, or BUCKET as the host's first label.
func (b *bucket) objectKey(r *http.Request) (string, bool) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.HasPrefix(host, bucketName+".") {
		return path, true
	}
	name, key, _ := strings.Cut(path, "/")
	return key, name == bucketName
}

// presign returns a link to an object, as S3 signs one. It returns false without a second host.
func (b *bucket) presign(r *http.Request, key string, now time.Time) (string, bool) {
	b.mu.Lock()
	base := b.url
	b.mu.Unlock()
	if base == "" {
		return "", false
	}
	if scheme, port, ok := strings.Cut(base, "://:"); ok {
		u := url.URL{Scheme: scheme, Host: b.authority(r)}
		base = scheme + "://" + net.JoinHostPort(u.Hostname(), port)
	}
	date := now.UTC().Format(awsTime)
	expires := strconv.Itoa(int(b.config.LinkLife / time.Second))
	q := url.Values{
		"X-Amz-Algorithm":     {signingMethod},
		"X-Amz-Credential":    {keyOfLinks + "/" + date[:8] + "/" + drsRegion + "/s3/aws4_request"},
		"X-Amz-Date":          {date},
		"X-Amz-Expires":       {expires},
		"X-Amz-SignedHeaders": {"host"},
		"X-Amz-Signature":     {b.signature(key, date, expires)},
	}
	return base + "/" + bucketName + "/" + escapePath(key) + "?" + q.Encode(), true
}

// signature signs what a link is good for. It is not S3's: only this simulator checks it.
func (b *bucket) signature(key, date, expires string) string {
	h := hmac.New(sha256.New, b.secret[:])
	h.Write([]byte(key + "\n" + date + "\n" + expires))
	return hex.EncodeToString(h.Sum(nil))
}

// checkLink refuses a request without a good signature in its query.
func (b *bucket) checkLink(r *http.Request, key string) *answer {
	q := r.URL.Query()
	if !q.Has("X-Amz-Signature") {
		a := s3Error(http.StatusForbidden, "AccessDenied", "Access Denied")
		return &a
	}
	date, expires := q.Get("X-Amz-Date"), q.Get("X-Amz-Expires")
	if !hmac.Equal([]byte(q.Get("X-Amz-Signature")), []byte(b.signature(key, date, expires))) {
		a := s3Error(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not "+
			"match the signature you provided. Check your key and signing method.")
		return &a
	}
	made, _ := time.Parse(awsTime, date) // it is signed
	seconds, _ := strconv.Atoi(expires)
	now := b.config.Now()
	if end := made.Add(time.Duration(seconds) * time.Second); !now.Before(end) {
		a := s3Error(http.StatusForbidden, "AccessDenied", "Request has expired",
			"X-Amz-Expires", expires, "Expires", end.UTC().Format(time.RFC3339),
			"ServerTime", now.UTC().Format(time.RFC3339))
		return &a
	}
	return nil
}

func noSuchKey(key string) answer {
	return s3Error(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "Key", key)
}

// object answers with the object of a key.
func (b *bucket) object(key string) answer {
	missing := func() answer { return noSuchKey(key) }
	i, object := b.uploads.item(func(g *grant) bool { return g.key == key })
	if object == nil {
		_, path, _ := strings.Cut(key, "/")
		var err error
		if i, err = b.library.stat(path); err != nil || i.key() != key {
			return missing()
		}
	}
	a := b.fileAnswer(i, missing)
	if a.content != nil {
		a.content.noRange = func() answer {
			return s3Error(http.StatusRequestedRangeNotSatisfiable, "InvalidRange",
				"The requested range is not satisfiable", "ActualObjectSize", strconv.FormatInt(i.size, 10))
		}
	}
	return a
}

// s3Error returns an error in S3's format; more elements in pairs.
func s3Error(status int, code, message string, more ...string) answer {
	more = append([]string{"Code", code, "Message", message}, more...)
	a := xmlAnswer("Error", append(more, "RequestId", strings.ToUpper(randomHex(8)), "HostId", randomHex(16))...)
	a.status, a.problem = status, code+": "+message
	return a
}

// xmlAnswer returns an answer with one XML element of others; names and values in pairs.
func xmlAnswer(name string, pairs ...string) answer {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<" + name + ">")
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString("<" + pairs[i] + ">" + html.EscapeString(pairs[i+1]) + "</" + pairs[i] + ">")
	}
	b.WriteString("</" + name + ">")
	return page(http.StatusOK, "application/xml", b.String(), "")
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
