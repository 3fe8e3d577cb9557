package services

import (
	"crypto/md5" //nolint:gosec // SQS answers with MD5 sums
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
)

// sendMessage is SQS's SendMessage to a queue of the mapping. API Reference, "SendMessage".
func (c *call) sendMessage() (any, *asl.Error) {
	if err := c.rejectUnknown("QueueUrl", "MessageBody", "MessageAttributes", "DelaySeconds"); err != nil {
		return nil, err
	}
	where, present, err := c.text("QueueUrl")
	if err != nil {
		return nil, err
	}
	if !present {
		return nil, c.failure(sqs, http.StatusBadRequest, "", "MissingParameter", "The request must contain the parameter QueueUrl.")
	}
	if host := hostOf(where); !c.services.mapping.knowsHost(host) {
		return nil, &asl.Error{Name: "SQS.SdkClientException", Cause: fmt.Sprintf(
			"Unable to execute HTTP request: %s: Name or service not known", host)}
	}
	body, _ := c.in.Lookup("MessageBody")
	text, ok := body.(string)
	if !ok && body != nil {
		text = value.Text(body) // Step Functions sends an object as its JSON
	}
	if text == "" {
		return nil, c.failure(sqs, http.StatusBadRequest, "", "MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if i := strings.IndexFunc(text, invalidCharacter); i >= 0 {
		return nil, c.failure(sqs, http.StatusBadRequest, "InvalidMessageContentsException", "InvalidMessageContents",
			"Invalid binary character '#x%X' was found in the message body, the set of allowed characters is "+
				"#x9 | #xA | #xD | [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]", []rune(text[i:])[0])
	}
	attributes, sum, err := c.messageAttributes()
	if err != nil {
		return nil, err
	}
	queue := c.services.mapping.queues[where]
	if queue == "" {
		return nil, c.failure(sqs, http.StatusBadRequest, "QueueDoesNotExistException", "AWS.SimpleQueueService.NonExistentQueue",
			"The specified queue does not exist.")
	}
	id, broken := c.services.store.send(queue, text, attributes, c.services.clock.Now().UTC().Format(time.RFC3339Nano), func(number int64) string {
		return uuid(sha256.Sum256(fmt.Appendf(nil, "message %s %d", queue, number)))
	})
	if broken != nil {
		return nil, c.failure(sqs, http.StatusInternalServerError, "", "InternalError", "%v", broken)
	}
	members := map[string]any{"MD5OfMessageBody": md5Hex([]byte(text)), "MessageId": id}
	if sum != "" {
		members["MD5OfMessageAttributes"] = sum
	}
	return c.response(members, []header{
		{"x-amzn-RequestId", c.requestID()},
		{"connection", "keep-alive"},
		{"Content-Length", length(value.Text(sortedObject(maps.Clone(members))))},
		{"Date", c.date()},
		{"Content-Type", "application/x-amz-json-1.0"},
	}), nil
}

// awsHost matches the hosts of AWS's queues.
var awsHost = regexp.MustCompile(`^(sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue|queue)\.amazonaws\.com(\.cn)?$`)

// hostOf returns the host of a queue's URL, or the whole text if that is no URL.
func hostOf(queue string) string {
	if u, err := url.Parse(queue); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return queue
}

// knowsHost reports whether a host is one of AWS's, or of a queue of the mapping.
func (m *Mapping) knowsHost(host string) bool {
	for queue := range m.queues {
		if hostOf(queue) == host {
			return true
		}
	}
	return awsHost.MatchString(host)
}

// invalidCharacter reports whether SQS refuses a character in a message.
func invalidCharacter(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

func md5Hex(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // SQS answers with MD5 sums
	return hex.EncodeToString(sum[:])
}

// messageAttributes returns the attributes of a message as the store keeps them, and their digest. Developer Guide,
// "Calculating the MD5 message digest for message attributes".
func (c *call) messageAttributes() (text, sum string, err *asl.Error) {
	v, present := c.in.Lookup("MessageAttributes")
	if !present || v == nil {
		return "{}", "", nil
	}
	attributes, ok := v.(*value.Object)
	if !ok {
		return "", "", c.invalid("MessageAttributes")
	}
	var encoded []byte
	put := func(data string) {
		encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(data))) //nolint:gosec // far below 4 GiB
		encoded = append(encoded, data...)
	}
	names := attributes.Keys()
	slices.Sort(names)
	for _, name := range names {
		v, _ := attributes.Lookup(name)
		one, _ := v.(*value.Object)
		kind, _ := one.Lookup("DataType")
		kindText, ok := kind.(string)
		if !ok {
			return "", "", c.invalid("MessageAttributes")
		}
		base, _, _ := strings.Cut(kindText, ".")
		field := map[string]string{"String": "StringValue", "Number": "StringValue", "Binary": "BinaryValue"}[base]
		if field == "" {
			return "", "", c.failure(sqs, http.StatusBadRequest, "", "InvalidParameterValue",
				"The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: "+
					"Binary, Number, String.", name)
		}
		v, _ = one.Lookup(field)
		data, ok := v.(string)
		if !ok || data == "" {
			return "", "", c.failure(sqs, http.StatusBadRequest, "", "InvalidParameterValue",
				"The message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, base)
		}
		put(name)
		put(kindText)
		if base == "Binary" {
			raw, bad := base64.StdEncoding.DecodeString(data)
			if bad != nil {
				return "", "", c.invalid("BinaryValue")
			}
			encoded = append(encoded, 2)
			put(string(raw))
			continue
		}
		encoded = append(encoded, 1)
		put(data)
	}
	if len(names) == 0 {
		return "{}", "", nil
	}
	return value.Text(attributes), md5Hex(encoded), nil
}
