package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.datavec.api.records.Record;
import org.datavec.api.records.metadata.RecordMetaData;
import org.datavec.api.split.CollectionInputSplit;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.JsonInput;

/**
 * Base class of the record readers over indexed files: random access by record number, iteration in file order, and
 * metadata that names file and entry.
 *
 * @param <T> Java type of a record; DataVec gets writables
 */
public abstract class IndexedRecordReader<T> extends FileRecordReader {
    private static final long serialVersionUID = 1L;
    private static final int MAX_ID = 80;

    private transient List<EntryIndex> files = List.of();
    private transient int[] firstRecord = {0}; // first record of file i; the last element is the number of records
    private transient int position;

    /** Indexes the files of a split: lists of JSON objects, unless a subclass overrides it. */
    List<EntryIndex> index(InputSplit split) {
        List<EntryIndex> indexes = new ArrayList<>();
        for (URI location : split.locations()) {
            indexes.add(EntryIndex.of(path(location), JsonEntries.LIST));
        }
        return indexes;
    }

    /**
     * Parses an entry.
     *
     * @throws BadInputException if it is invalid; its location is added by the caller
     */
    abstract T parse(JsonNode entry, String key);

    /** Returns the key passed to {@link #parse}; empty if the format has none. */
    String key(EntryIndex file, int entry) {
        return "";
    }

    /**
     * Returns the id of a record for messages, empty if it has none: its key, or the value of "id" unless a subclass
     * overrides it.
     */
    String id(JsonNode entry, String key) {
        return key.isEmpty() ? entry.path("id").asText("") : key;
    }

    abstract List<Writable> writables(T value);

    /** Returns the entry of a record; all entries are records in file order unless a subclass selects some. */
    int entryOf(int number) {
        return number;
    }

    /** Returns the number of records of files with {@code entries} entries. */
    int selected(int entries) {
        return entries;
    }

    @Override
    public void initialize(InputSplit split) {
        close();
        inputSplit = split;
        files = index(split);
        firstRecord = new int[files.size() + 1];
        for (int i = 0; i < files.size(); i++) {
            firstRecord[i + 1] = Math.addExact(firstRecord[i], files.get(i).size());
        }
        position = 0;
    }

    /** Opens files, which must exist, one after the other. */
    static <R extends IndexedRecordReader<?>> R opened(R reader, List<Path> files) {
        reader.initialize(new CollectionInputSplit(
                files.stream().map(file -> requireFile(file).toUri()).toList()));
        return reader;
    }

    /**
     * Checks that a file exists.
     *
     * @throws BadInputException if it does not
     */
    private static Path requireFile(Path file) {
        FileReadError.requireAccessible(file);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": no such file; check the path");
        }
        return file;
    }

    /** Returns the number of records. */
    public int size() {
        return selected(firstRecord[files.size()]);
    }

    /** Returns record {@code number} in file order, 0..size-1, Thread-safe. */
    public T get(int number) {
        return value(reference(number));
    }

    private T value(EntryReference reference) {
        JsonNode entry = reference.file().get(reference.entry());
        try {
            return parse(entry, key(reference.file(), reference.entry()));
        } catch (BadInputException e) {
            throw new BadInputException(where(reference, entry) + ": " + e.getMessage(), e);
        }
    }

    /** Returns the metadata of a record. */
    JsonRecordMetaData metaData(int number) {
        EntryReference reference = reference(number);
        return new JsonRecordMetaData(
                reference.file().file().toUri(),
                reference.entry(),
                reference.file().offset(reference.entry()),
                getClass());
    }

    /**
     * Returns the location of record {@code number}, for messages: file, index in the file and id, and the line if it
     * is unambiguous. The message of a {@link BadInputException} of {@link #get} begins with it.
     */
    public String where(int number) {
        EntryReference reference = reference(number);
        JsonNode entry;
        try {
            entry = reference.file().get(reference.entry());
        } catch (BadInputException e) {
            return reference.file().where(reference.entry()); // without the id, which cannot be read
        }
        return where(reference, entry);
    }

    private String where(EntryReference reference, JsonNode entry) {
        String id = id(entry, key(reference.file(), reference.entry())).replaceAll("\\p{Cntrl}+", " ");
        String shown = id.length() > MAX_ID ? id.substring(0, MAX_ID) + "..." : id;
        return reference.file().where(reference.entry()) + (shown.isEmpty() ? "" : " (id " + shown + ")");
    }

    private record EntryReference(EntryIndex file, int entry) {}

    private EntryReference reference(int number) {
        if (number < 0 || number >= size()) {
            throw new NoSuchElementException("record " + number + " of " + size());
        }
        int entry = entryOf(number);
        int file = 0;
        while (entry >= firstRecord[file + 1]) {
            file++;
        }
        return new EntryReference(files.get(file), entry - firstRecord[file]);
    }

    @Override
    public boolean hasNext() {
        return position < size();
    }

    /** Returns the next value. */
    public T nextValue() {
        return get(nextNumber());
    }

    @Override
    public Record nextRecord() {
        return record(nextNumber());
    }

    private int nextNumber() {
        if (!hasNext()) {
            throw new NoSuchElementException("all " + size() + " records have been read; call reset()");
        }
        return position++;
    }

    private Record record(int number) {
        Record result = new org.datavec.api.records.impl.Record(writables(get(number)), metaData(number));
        invokeListeners(result);
        return result;
    }

    @Override
    public void reset() {
        position = 0;
    }

    @Override
    public List<Writable> record(URI uri, DataInputStream dataInputStream) throws IOException {
        return writables(parse(JsonInput.parse(String.valueOf(uri), dataInputStream.readAllBytes()), ""));
    }

    @Override
    public Record loadFromMetaData(RecordMetaData metaData) {
        for (int i = 0; i < files.size(); i++) {
            EntryIndex file = files.get(i);
            if (metaData instanceof JsonRecordMetaData location
                    && file.file().toUri().equals(location.uri())
                    && location.index() < file.size()) {
                T value = value(new EntryReference(file, location.index()));
                return new org.datavec.api.records.impl.Record(writables(value), metaData);
            }
        }
        throw new IllegalArgumentException("not a record of this reader: " + metaData.getLocation());
    }

    @Override
    public List<Record> loadFromMetaData(List<RecordMetaData> metaData) {
        List<Record> records = new ArrayList<>();
        metaData.forEach(one -> records.add(loadFromMetaData(one)));
        return records;
    }

    @Override
    public void close() {
        files.forEach(EntryIndex::close);
        files = List.of();
        firstRecord = new int[] {0};
        position = 0;
    }

    /** A deserialized reader must be initialized again. */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        files = List.of();
        firstRecord = new int[] {0};
    }
}
