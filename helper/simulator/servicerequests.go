package simulator

// serviceRequests is a made-up searchset in the format of the Genomic Data Access and Management API. It describes no
// real person: the patients' identifiers are from a system that does not exist.
const serviceRequests = `{
  "resourceType": "Bundle",
  "id": "5f0d9e62-6f0b-4c55-9a44-0d2b1e1f7a10",
  "type": "searchset",
  "total": 2,
  "link": [{"relation": "self", "url": "ServiceRequest"}],
  "entry": [
    {
      "fullUrl": "urn:uuid:7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0001",
      "resource": {
        "resourceType": "ServiceRequest",
        "id": "7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0001",
        "identifier": [{"system": "https://genomics.example.test/referral", "value": "r00000000001"}],
        "status": "active",
        "intent": "order",
        "category": [{"coding": [
          {"system": "http://snomed.info/sct", "code": "116148004", "display": "Molecular genetic test"}
        ]}],
        "code": {"coding": [
          {"system": "https://genomics.example.test/test-directory", "code": "R193.4",
           "display": "Cystic renal disease WGS"}
        ]},
        "subject": {
          "type": "Patient",
          "identifier": {"system": "https://genomics.example.test/patient", "value": "p00000001"}
        },
        "authoredOn": "2025-01-06T09:30:00+00:00",
        "requester": {"type": "Organization", "display": "Example Genomic Laboratory Hub"}
      },
      "search": {"mode": "match"}
    },
    {
      "fullUrl": "urn:uuid:7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0002",
      "resource": {
        "resourceType": "ServiceRequest",
        "id": "7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0002",
        "identifier": [{"system": "https://genomics.example.test/referral", "value": "r00000000002"}],
        "status": "completed",
        "intent": "order",
        "category": [{"coding": [
          {"system": "http://snomed.info/sct", "code": "116148004", "display": "Molecular genetic test"}
        ]}],
        "code": {"coding": [
          {"system": "https://genomics.example.test/test-directory", "code": "M89.1",
           "display": "Acute leukaemia WGS"}
        ]},
        "subject": {
          "type": "Patient",
          "identifier": {"system": "https://genomics.example.test/patient", "value": "p00000002"}
        },
        "authoredOn": "2025-02-11T14:05:00+00:00",
        "requester": {"type": "Organization", "display": "Example Genomic Laboratory Hub"}
      },
      "search": {"mode": "match"}
    }
  ]
}
`
