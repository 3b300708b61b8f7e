package signer

var AgentAddress = agentAddress
