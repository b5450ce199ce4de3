package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.datavec.api.records.Record;
import org.datavec.api.records.metadata.RecordMetaData;
import org.datavec.api.records.metadata.RecordMetaDataURI;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.BytesWritable;
import org.datavec.api.writable.Writable;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.FileRecordReader;

/**
 * Base class of the record readers over Parquet files. They read in file order with one page of each column in memory,
 * without random access. The split is told by the name of a file, as the hub gives it ({@code
 * train-00000-of-00004.parquet}). A DataVec record has the columns of the JSON reader of the same data, and after them the
 * encoded bytes of each image.
 *
 * @param <T> Java type of a sample
 */
public abstract class ParquetRecordReader<T> extends FileRecordReader {
    private static final long serialVersionUID = 1L;

    private final DatasetKind kind;
    private transient List<Path> files = List.of();
    private transient int nextFile;
    private transient @Nullable ParquetRows rows;
    private transient String split = "";
    private transient Map<String, Long> rowsOfSplits = new HashMap<>();

    ParquetRecordReader(DatasetKind kind) {
        this.kind = kind;
    }

    /**
     * Converts a row.
     *
     * @param split split of the file, from its name
     * @param row number of the row in the split, from 0
     * @throws BadInputException if it is invalid; its location is added by the caller
     */
    abstract ParquetSample<T> sample(ObjectNode json, String split, long row);

    abstract List<Writable> writables(T value);

    @Override
    public void initialize(InputSplit inputs) {
        inputSplit = inputs;
        List<Path> paths = new ArrayList<>();
        for (URI location : inputs.locations()) {
            paths.add(path(location));
        }
        initialize(paths);
    }

    final void initialize(List<Path> paths) {
        for (Path file : paths) {
            Set<String> columns = ParquetRows.columns(file);
            if (!kind.matches(columns)) {
                throw new BadInputException(file + ": lacks columns of " + kind + "; it has " + columns);
            }
        }
        files = List.copyOf(paths);
        reset();
    }

    @Override
    public boolean hasNext() {
        return current() != null;
    }

    /** Returns the rows of the file that has the next one, or null at the end. */
    private @Nullable ParquetRows current() {
        while ((rows == null || !rows.hasNext()) && nextFile < files.size()) {
            closeFile();
            split = ParquetShards.split(files.get(nextFile));
            rows = ParquetRows.open(files.get(nextFile++), kind.columns());
        }
        return rows != null && rows.hasNext() ? rows : null;
    }

    /**
     * Reads the next sample.
     *
     * @throws BadInputException if it is invalid or its file is damaged; the message begins with file and row
     */
    public ParquetSample<T> nextSample() {
        ParquetRows from = current();
        if (from == null) {
            throw new NoSuchElementException("all records have been read; call reset()");
        }
        String where = from.where();
        ObjectNode json = from.next();
        long row = rowsOfSplits.merge(split, 1L, Long::sum) - 1;
        try {
            return sample(json, split, row);
        } catch (BadInputException e) {
            throw new BadInputException(where + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Record nextRecord() {
        ParquetSample<T> sample = nextSample();
        List<Writable> columns = new ArrayList<>(writables(sample.value()));
        sample.images().forEach(image -> columns.add(new BytesWritable(image.bytes())));
        URI file = files.get(nextFile - 1).toUri();
        Record result = new org.datavec.api.records.impl.Record(columns, new RecordMetaDataURI(file, getClass()));
        invokeListeners(result);
        return result;
    }

    @Override
    public void reset() {
        closeFile();
        nextFile = 0;
        rowsOfSplits.clear();
    }

    private void closeFile() {
        if (rows != null) {
            rows.close();
            rows = null;
        }
    }

    /** Not supported: Parquet needs random access, since its schema is at the end of the file. */
    @Override
    public List<Writable> record(URI uri, DataInputStream dataInputStream) {
        throw new UnsupportedOperationException("Parquet needs random access to its file; call initialize()");
    }

    /** Not supported: rows are read in order. */
    @Override
    public Record loadFromMetaData(RecordMetaData metaData) {
        throw new UnsupportedOperationException("rows of Parquet files are read in order");
    }

    /** Not supported: rows are read in order. */
    @Override
    public List<Record> loadFromMetaData(List<RecordMetaData> metaData) {
        throw new UnsupportedOperationException("rows of Parquet files are read in order");
    }

    @Override
    public void close() {
        closeFile();
        files = List.of();
        nextFile = 0;
    }

    /** A deserialized reader must be initialized again. */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        files = List.of();
        split = "";
        rowsOfSplits = new HashMap<>();
    }
}
