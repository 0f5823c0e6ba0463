// Command notation signs the image of its argument with a new key, and finds and verifies the signature. It is the library
// of the notation client, which the Go proxy does not have. The login is in USERNAME and PASSWORD.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"runtime/debug"
	"time"

	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

func main() {
	if os.Args[1] == "version" {
		fmt.Println(version())
		return
	}
	told, err := signAndVerify(context.Background(), os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(told)
}

func version() string {
	built, _ := debug.ReadBuildInfo()
	for _, module := range built.Deps {
		if module.Path == "github.com/notaryproject/notation-go" {
			return "notation-go " + module.Version
		}
	}
	return "unknown"
}

// signAndVerify says how many signatures were tried until the own one.
func signAndVerify(ctx context.Context, reference string) (any, error) {
	key, certificate, err := newKey()
	if err != nil {
		return nil, err
	}
	repository, err := remote.NewRepository(reference)
	if err != nil {
		return nil, err
	}
	login := auth.StaticCredential(repository.Reference.Registry, auth.Credential{
		Username: os.Getenv("USERNAME"), Password: os.Getenv("PASSWORD"),
	})
	repository.Client = &auth.Client{Credential: login}
	signatures := registry.NewRepository(repository)
	with, err := signer.NewGenericSigner(key, []*x509.Certificate{certificate})
	if err != nil {
		return nil, err
	}
	signed, err := notation.Sign(ctx, with, signatures, notation.SignOptions{
		ArtifactReference: reference, SignerSignOptions: notation.SignerSignOptions{SignatureMediaType: jws.MediaTypeEnvelope},
	})
	if err != nil {
		return nil, err
	}
	by, err := verifier.New(&trustpolicy.Document{
		Version: "1.0",
		TrustPolicies: []trustpolicy.TrustPolicy{{
			Name: "all", RegistryScopes: []string{"*"}, TrustedIdentities: []string{"*"}, TrustStores: []string{"ca:own"},
			SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: trustpolicy.LevelStrict.Name},
		}},
	}, trusted{certificate}, nil)
	if err != nil {
		return nil, err
	}
	verified, outcomes, err := notation.Verify(ctx, by, signatures, notation.VerifyOptions{
		ArtifactReference:    fmt.Sprintf("%s/%s@%s", repository.Reference.Registry, repository.Reference.Repository, signed.Digest),
		MaxSignatureAttempts: 100,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"verified": verified.Digest, "signatures": len(outcomes)}, nil
}

func newKey() (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	name := pkix.Name{CommonName: "bench", Country: []string{"DE"}, Province: []string{"BE"}, Organization: []string{"bench"}}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: name,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(raw)
	return key, certificate, err
}

// trusted is a trust store of one certificate.
type trusted struct{ certificate *x509.Certificate }

func (t trusted) GetCertificates(context.Context, truststore.Type, string) ([]*x509.Certificate, error) {
	return []*x509.Certificate{t.certificate}, nil
}
