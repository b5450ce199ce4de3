package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.datavec.api.conf.Configuration;
import org.datavec.api.records.Record;
import org.datavec.api.records.metadata.RecordMetaData;
import org.datavec.api.records.reader.BaseRecordReader;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.JsonInput;

/**
 * What the record readers over JSON files share: records by number, in file order or shuffled as a whole, a position to
 * resume from, and metadata that names file and entry.
 *
 * @param <T> what a record is to a Java caller; DataVec sees it as writables
 */
public abstract class IndexedRecordReader<T> extends BaseRecordReader {
    private static final long serialVersionUID = 1L;
    private static final int MAX_ID = 80;

    private transient Configuration conf = new Configuration();
    private transient List<EntryIndex> files = List.of();
    private transient int[] firstRecord = {0}; // of file i; behind the last the number of records
    private transient SeededPermutation order;
    private transient int position;

    /** The files of a split, each indexed; lists of JSON objects unless a subclass reads others. */
    List<EntryIndex> index(InputSplit split) {
        List<EntryIndex> indexes = new ArrayList<>();
        for (URI location : split.locations()) {
            indexes.add(EntryIndex.of(path(location), JsonEntries.LIST));
        }
        return indexes;
    }

    /** One entry as a value. @throws BadInputException if it is not what it should be; the place is added here */
    abstract T parse(JsonNode entry, String key);

    /** The key {@link #parse} is given: an entry's name, empty where entries have none. */
    String key(EntryIndex file, int entry) {
        return "";
    }

    /** Id of a record for messages, empty where it has none: its key, or the value of "id" unless a subclass says otherwise. */
    String id(JsonNode entry, String key) {
        return key.isEmpty() ? entry.path("id").asText("") : key;
    }

    abstract List<Writable> writables(T value);

    /** Which entry of the files the record {@code number} is; all of them in order unless a subclass selects. */
    int entryOf(int number) {
        return number;
    }

    /** How many records there are when the files have {@code entries}. */
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
        order = null;
        position = 0;
    }

    @Override
    public void initialize(Configuration configuration, InputSplit split) {
        setConf(configuration);
        initialize(split);
    }

    /** @throws BadInputException if it is not there */
    static Path requireFile(Path file) {
        FileReadError.requireAccessible(file);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": no such file; check the path");
        }
        return file;
    }

    static Path path(URI location) {
        try {
            return Path.of(location);
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw new BadInputException(location + ": is not a file on this machine; copy it here first", e);
        }
    }

    /** How many records there are. */
    public int size() {
        return selected(firstRecord[files.size()]);
    }

    /** Record {@code number} in file order, 0..size-1, whatever the order of iteration. Several threads may call this. */
    public T get(int number) {
        return value(place(number));
    }

    private T value(EntryReference place) {
        JsonNode entry = place.file().get(place.entry());
        try {
            return parse(entry, key(place.file(), place.entry()));
        } catch (BadInputException e) {
            throw new BadInputException(where(place, entry) + ": " + e.getMessage(), e);
        }
    }

    /** Where record {@code number} came from. */
    public JsonRecordMetaData metaData(int number) {
        EntryReference place = place(number);
        return new JsonRecordMetaData(
                place.file().file().toUri(), place.entry(), place.file().offset(place.entry()), getClass());
    }

    /**
     * Place of record {@code number}, for messages: file, index in the file and id, and the line where that helps. Equals
     * what the message of a {@link BadInputException} of {@link #get} begins with.
     */
    public String where(int number) {
        EntryReference place = place(number);
        JsonNode entry;
        try {
            entry = place.file().get(place.entry());
        } catch (BadInputException e) {
            return place.file().where(place.entry()); // the id cannot be read
        }
        return where(place, entry);
    }

    private String where(EntryReference place, JsonNode entry) {
        String id = id(entry, key(place.file(), place.entry())).replaceAll("\\p{Cntrl}+", " ");
        String shown = id.length() > MAX_ID ? id.substring(0, MAX_ID) + "..." : id;
        return place.file().where(place.entry()) + (shown.isEmpty() ? "" : " (id " + shown + ")");
    }

    private record EntryReference(EntryIndex file, int entry) {}

    private EntryReference place(int number) {
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

    /** From now on iterates in the order of this seed and epoch, from its start. */
    public void shuffle(long seed, long epoch) {
        order = new SeededPermutation(size(), seed, epoch);
        position = 0;
    }

    /** How many records of the present order have been handed out. */
    public int position() {
        return position;
    }

    /** Goes on as if {@code handedOut} records had been handed out. */
    public void seek(int handedOut) {
        if (handedOut < 0 || handedOut > size()) {
            throw new IllegalArgumentException("position " + handedOut + " of " + size());
        }
        position = handedOut;
    }

    @Override
    public boolean hasNext() {
        return position < size();
    }

    /** The next value, in the present order. */
    public T nextValue() {
        return get(nextNumber());
    }

    @Override
    public List<Writable> next() {
        return nextRecord().getRecord();
    }

    @Override
    public Record nextRecord() {
        return record(nextNumber());
    }

    private int nextNumber() {
        if (!hasNext()) {
            throw new NoSuchElementException("all " + size() + " records have been read; call reset()");
        }
        int number = order == null ? position : order.get(position);
        position++;
        return number;
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
    public boolean resetSupported() {
        return true;
    }

    /** There are no classes to label with. */
    @Override
    public List<String> getLabels() {
        return List.of();
    }

    @Override
    public List<Writable> record(URI uri, DataInputStream dataInputStream) throws IOException {
        return writables(parse(JsonInput.parse(String.valueOf(uri), dataInputStream.readAllBytes()), ""));
    }

    @Override
    public Record loadFromMetaData(RecordMetaData metaData) {
        for (int i = 0; i < files.size(); i++) {
            EntryIndex file = files.get(i);
            if (metaData instanceof JsonRecordMetaData own
                    && file.file().toUri().equals(own.uri())
                    && own.index() < file.size()) {
                T value = value(new EntryReference(file, own.index()));
                return new org.datavec.api.records.impl.Record(writables(value), metaData);
            }
        }
        throw new IllegalArgumentException("no record of this reader: " + metaData.getLocation());
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

    /** A reader that has been sent elsewhere is as a new one: it has to be initialized there. */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        conf = new Configuration();
        files = List.of();
        firstRecord = new int[] {0};
    }

    @Override
    public void setConf(Configuration configuration) {
        conf = configuration;
    }

    @Override
    public Configuration getConf() {
        return conf;
    }
}
