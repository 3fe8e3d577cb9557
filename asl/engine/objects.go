package engine

import (
	"crypto/md5" //nolint:gosec // an S3 ETag is an MD5; nothing is kept safe by it
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"signalbox/asl"
	"signalbox/asl/value"
)

// Objects stores the objects of ItemReaders and ResultWriters, as Amazon S3 does. An object is named by its bucket and key.
// The methods are called on the clock's goroutine, which waits for them. The text of an error becomes the cause with which
// the Map fails.
type Objects interface {
	Get(bucket, key string) ([]byte, error)
	// List returns the objects whose keys begin with prefix, in the order of their keys.
	List(bucket, prefix string) ([]Object, error)
	// Put writes a whole object, or fails without a change.
	Put(bucket, key string, body []byte) error
}

// An Object is an entry of a list.
type Object struct {
	Key      string
	Size     int64  // bytes
	Modified int64  // seconds of the Unix epoch
	ETag     string // in quotes, as S3 gives it
}

// A Folder stores Objects in files: Folder/bucket/key. It neither reads nor writes files outside the folder, whatever bucket
// and key contain.
type Folder string

// The errors of a Folder, in the words of S3.
var (
	ErrNoSuchBucket = errors.New("The specified bucket does not exist") //nolint:staticcheck // the words of S3
	ErrNoSuchKey    = errors.New("The specified key does not exist.")   //nolint:revive,staticcheck // the words of S3
)

// open opens a bucket.
func (f Folder) open(bucket string) (*os.Root, error) {
	if bucket == "" || strings.ContainsAny(bucket, `/\`) || bucket == "." || bucket == ".." {
		return nil, fmt.Errorf("the bucket name %q is not valid", bucket)
	}
	folder, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }() // it was only read
	root, err := folder.OpenRoot(bucket)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoSuchBucket
	}
	return root, err
}

// Get implements [Objects].
func (f Folder) Get(bucket, key string) ([]byte, error) {
	root, err := f.open(bucket)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read
	body, err := root.ReadFile(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoSuchKey
	}
	return body, err
}

// List implements [Objects].
func (f Folder) List(bucket, prefix string) ([]Object, error) {
	root, err := f.open(bucket)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read
	var list []Object
	err = fs.WalkDir(root.FS(), ".", func(key string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.HasPrefix(key, prefix) || strings.HasSuffix(key, half) {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		body, err := root.ReadFile(key)
		if err != nil {
			return err
		}
		sum := md5.Sum(body) //nolint:gosec // see the import
		list = append(list, Object{
			Key: key, Size: info.Size(), Modified: info.ModTime().Unix(), ETag: `"` + hex.EncodeToString(sum[:]) + `"`,
		})
		return nil
	})
	slices.SortFunc(list, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	return list, err
}

// half ends the name of an object that is being written.
const half = ".signalbox-part"

// Put implements [Objects]. It makes the bucket where there is none. The name of the object holds either what it held before
// or all that is new, also when the power goes.
func (f Folder) Put(bucket, key string, body []byte) (err error) {
	root, err := f.open(bucket)
	if errors.Is(err, ErrNoSuchBucket) {
		if err = os.Mkdir(path.Join(string(f), bucket), 0o755); err == nil { //nolint:gosec // a folder for everybody to read
			root, err = f.open(bucket)
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.MkdirAll(path.Dir(key), 0o755); err != nil {
		return err
	}
	file, err := root.Create(key + half)
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		return root.Rename(key+half, key)
	}
	return errors.Join(err, root.Remove(key+half))
}

// requestObject carries out a request for an object and posts its answer.
func (r *Run) requestObject(effect *asl.Effect) {
	event := asl.Event{Kind: asl.EventObjectSucceeded, Scope: effect.Scope, ID: effect.ID}
	var err error
	if err = answerObject(r.engine.options.Objects, effect.Object, &event); err != nil {
		event.Kind, event.Failure = asl.EventObjectFailed, &asl.Error{Cause: err.Error()}
	}
	r.engine.options.Clock.Post(func() { r.step(event) })
}

// answerObject carries out a request and fills in the event that answers it.
func answerObject(objects Objects, request any, event *asl.Event) (err error) {
	if objects == nil {
		return errors.New("no folder of objects is given here")
	}
	switch r := request.(type) {
	case asl.GetObject:
		var body []byte
		body, err = objects.Get(r.Bucket, r.Key)
		event.Body = string(body)
		return err
	case asl.PutObject:
		return objects.Put(r.Bucket, r.Key, r.Body)
	case asl.ListObjects:
		found, err := objects.List(r.Bucket, r.Prefix)
		event.Listed = make([]any, len(found))
		for i, o := range found {
			event.Listed[i] = value.NewObject(
				"Etag", o.ETag, "Key", o.Key, "LastModified", o.Modified, "Size", o.Size, "StorageClass", "STANDARD")
		}
		return err
	}
	panic(fmt.Sprintf("engine: an object request of type %T", request))
}
