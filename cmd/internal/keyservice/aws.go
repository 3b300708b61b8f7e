package keyservice

import (
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"regexp"
)

// AWS looks like AWS KMS with one key, alias/cgp-cred. Only signed requests (SigV4) of its access key are answered.
type AWS struct {
	AccessKey, Region string

	Key *rsa.PrivateKey
}

const alias = "alias/cgp-cred"

// authorization is the header of a signed request.
var authorization = regexp.MustCompile(
	`^AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/\d{8}/([a-z0-9-]+)/kms/aws4_request, ?` +
		`SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*x-amz-date[a-z0-9;-]*, ?Signature=[0-9a-f]{64}$`)

func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(kind, words string) {
		reply(w, http.StatusBadRequest, object{"__type": kind, "message": words})
	}
	signed := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if r.Method != http.MethodPost || signed == nil || signed[2] != a.Region {
		refuse("IncompleteSignatureException", "the request is not signed as it should be")
		return
	}
	if signed[1] != a.AccessKey {
		refuse("AccessDeniedException", "User: arn:aws:iam::111122223333:user/other is not authorized")
		return
	}
	var in struct {
		KeyID            string `json:"KeyId"`
		Message          string
		MessageType      string
		SigningAlgorithm string
	}
	if err := body(r, &in); err != nil {
		refuse("SerializationException", err.Error())
		return
	}
	if in.KeyID != alias {
		refuse("NotFoundException", "Key '"+in.KeyID+"' does not exist")
		return
	}
	const algorithm = "RSASSA_PKCS1_V1_5_SHA_512"
	switch r.Header.Get("X-Amz-Target") {
	case "TrentService.GetPublicKey":
		reply(w, http.StatusOK, object{
			"KeyId": in.KeyID, "KeyUsage": "SIGN_VERIFY", "PublicKey": base64.StdEncoding.EncodeToString(der(a.Key)),
			"SigningAlgorithms": []string{algorithm},
		})
	case "TrentService.Sign":
		if in.MessageType != "DIGEST" || in.SigningAlgorithm != algorithm {
			refuse("ValidationException", "not RS512 of a digest: "+in.MessageType+" "+in.SigningAlgorithm)
			return
		}
		signature, err := sign(a.Key, base64.StdEncoding, in.Message)
		if err != nil {
			refuse("ValidationException", err.Error())
			return
		}
		reply(w, http.StatusOK, object{
			"KeyId": in.KeyID, "SigningAlgorithm": algorithm, "Signature": base64.StdEncoding.EncodeToString(signature),
		})
	default:
		refuse("UnknownOperationException", "")
	}
}
