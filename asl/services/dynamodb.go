package services

import (
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"signalbox/asl"
	"signalbox/asl/value"
)

// A table stands in for one of DynamoDB's.
type table struct {
	name string // in the store
	key  []keyAttribute
}

// A keyAttribute is a part of a table's key: first the hash, then the range if there is one.
type keyAttribute struct{ name, kind string } // kind is S, N or B

// keyOf returns the key of an item; missing is the attribute of the key that the item lacks, or has with another type.
func (t *table) keyOf(item *value.Object) (p itemKey, missing keyAttribute) {
	p.table = t.name
	for i, k := range t.key {
		v, _ := item.Lookup(k.name)
		kind, content := typed(v)
		text, _ := content.(string)
		if kind != k.kind {
			return p, k
		}
		if i == 0 {
			p.hash = kind + ":" + text
		} else {
			p.rang = kind + ":" + text
		}
	}
	return p, keyAttribute{}
}

// item parses the text of a stored item; nil for "".
func item(text string) *value.Object {
	v, _ := value.Read([]byte(text)) // we have written it
	o, _ := v.(*value.Object)
	return o
}

func (c *call) validation(format string, args ...any) *asl.Error {
	return c.failure(dynamoDB, http.StatusBadRequest, "", "ValidationException", format, args...)
}

var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// request returns the table of a call, and the item or key in field, checked as DynamoDB does. API Reference, "PutItem",
// "GetItem", "DeleteItem".
func (c *call) request(field string) (*table, *value.Object, *asl.Error) {
	name, present, err := c.text("TableName")
	if err != nil {
		return nil, nil, err
	}
	v, _ := c.in.Lookup(field)
	member := strings.ToLower(field)
	var faults []string
	if v == nil {
		faults = append(faults, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
	}
	switch {
	case !present:
		faults = append(faults, "Value null at 'tableName' failed to satisfy constraint: Member must not be null")
	case !tableName.MatchString(name):
		faults = append(faults, fmt.Sprintf("Value '%s' at 'tableName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", name))
	}
	switch len(faults) {
	case 0:
	case 1:
		return nil, nil, c.validation("1 validation error detected: %s", faults[0])
	default:
		return nil, nil, c.validation("%d validation errors detected: %s", len(faults), strings.Join(faults, "; "))
	}
	given, ok := v.(*value.Object)
	if !ok {
		return nil, nil, c.invalid(field)
	}
	stored, w := checkAttributes(given)
	if w != nil {
		return nil, nil, c.faultError(w)
	}
	t := c.services.mapping.tables[name]
	if t == nil {
		return nil, nil, c.failure(dynamoDB, http.StatusBadRequest, "ResourceNotFoundException", "ResourceNotFoundException",
			"Requested resource not found")
	}
	return t, stored, nil
}

func (c *call) faultError(w *attributeFault) *asl.Error {
	if w.field != "" {
		return c.invalid(w.field)
	}
	return c.validation("%s", w.message)
}

// keyRequest returns the key of a call, which has all attributes of the table's key and no others.
func (c *call) keyRequest() (itemKey, *asl.Error) {
	t, key, err := c.request("Key")
	if err != nil {
		return itemKey{}, err
	}
	p, missing := t.keyOf(key)
	if missing.name != "" || key.Len() != len(t.key) {
		return itemKey{}, c.validation("The provided key element does not match the schema")
	}
	return p, c.emptyKey(t, p)
}

// emptyKey returns DynamoDB's error for a key with an empty attribute.
func (c *call) emptyKey(t *table, p itemKey) *asl.Error {
	for i, text := range []string{p.hash, p.rang} {
		if strings.HasSuffix(text, ":") && strings.Count(text, ":") == 1 && len(text) == 2 {
			return c.validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "+
				"an empty %s value. Key: %s", map[string]string{"S": "string", "B": "binary", "N": "number"}[text[:1]], t.key[i].name)
		}
	}
	return nil
}

// maxItem is the largest item, in bytes. Developer Guide, "Quotas".
const maxItem = 400 << 10

// putItem is DynamoDB's PutItem.
func (c *call) putItem() (any, *asl.Error) {
	if err := c.rejectUnknown("TableName", "Item", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
		"ReturnValues"); err != nil {
		return nil, err
	}
	t, stored, err := c.request("Item")
	if err != nil {
		return nil, err
	}
	p, missing := t.keyOf(stored)
	if missing.name != "" {
		v, present := stored.Lookup(missing.name)
		if !present {
			return nil, c.validation("One or more parameter values were invalid: Missing the key %s in the item", missing.name)
		}
		kind, _ := typed(v)
		return nil, c.validation("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s",
			missing.name, missing.kind, kind)
	}
	if err := c.emptyKey(t, p); err != nil {
		return nil, err
	}
	text := value.Text(stored)
	if len(text) > maxItem {
		return nil, c.validation("Item size has exceeded the maximum allowed size")
	}
	return c.write(p, text)
}

// deleteItem is DynamoDB's DeleteItem.
func (c *call) deleteItem() (any, *asl.Error) {
	if err := c.rejectUnknown("TableName", "Key", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
		"ReturnValues"); err != nil {
		return nil, err
	}
	p, err := c.keyRequest()
	if err != nil {
		return nil, err
	}
	return c.write(p, "")
}

// write stores an item, or deletes it if text is "", provided that the call's condition holds.
func (c *call) write(p itemKey, text string) (any, *asl.Error) {
	returns, _, err := c.text("ReturnValues")
	if err != nil {
		return nil, err
	}
	if returns != "" && returns != "NONE" && returns != "ALL_OLD" {
		return nil, c.validation("Return values set to invalid value")
	}
	condition, err := c.condition()
	if err != nil {
		return nil, err
	}
	var before *value.Object
	held := true
	broken := c.services.store.change(p, func(old string) (string, bool) {
		before = item(old)
		held = condition == nil || condition(before)
		return text, held
	})
	switch {
	case broken != nil:
		return nil, c.failure(dynamoDB, http.StatusInternalServerError, "InternalServerErrorException", "InternalServerError", "%v", broken)
	case !held:
		return nil, c.failure(dynamoDB, http.StatusBadRequest, "ConditionalCheckFailedException", "ConditionalCheckFailedException",
			"The conditional request failed")
	}
	members := map[string]any{}
	if returns == "ALL_OLD" && before != nil {
		members["Attributes"] = before
	}
	return c.dynamoResponse(members), nil
}

// getItem is DynamoDB's GetItem.
func (c *call) getItem() (any, *asl.Error) {
	if err := c.rejectUnknown("TableName", "Key", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"); err != nil {
		return nil, err
	}
	p, err := c.keyRequest()
	if err != nil {
		return nil, err
	}
	project, err := c.projection()
	if err != nil {
		return nil, err
	}
	var found *value.Object
	broken := c.services.store.change(p, func(old string) (string, bool) {
		found = item(old)
		return "", false
	})
	if broken != nil {
		return nil, c.failure(dynamoDB, http.StatusInternalServerError, "InternalServerErrorException", "InternalServerError", "%v", broken)
	}
	members := map[string]any{}
	if found != nil {
		members["Item"] = project(found)
	}
	return c.dynamoResponse(members), nil
}

// dynamoResponse returns a response of DynamoDB with the given members.
func (c *call) dynamoResponse(members map[string]any) any {
	body := value.Text(sortedObject(maps.Clone(members)))
	if c.sdk {
		return sortedObject(members)
	}
	return c.response(members, []header{
		{"Server", "Server"},
		{"Connection", "keep-alive"},
		{"x-amzn-RequestId", c.requestID()},
		{"x-amz-crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10)},
		{"Content-Length", length(body)},
		{"Date", c.date()},
		{"Content-Type", "application/x-amz-json-1.0"},
	})
}
