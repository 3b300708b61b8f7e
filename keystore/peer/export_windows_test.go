package peer

// CheckOwner is the part of CheckOwn that takes any owner.
var CheckOwner = checkOwner
