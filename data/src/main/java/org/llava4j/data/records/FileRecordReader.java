package org.llava4j.data.records;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.List;
import org.datavec.api.conf.Configuration;
import org.datavec.api.records.reader.BaseRecordReader;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;

/** Base class of the record readers over local files, which can be read again and have no classes. */
public abstract class FileRecordReader extends BaseRecordReader {
    private static final long serialVersionUID = 1L;

    private transient Configuration conf = new Configuration();

    /**
     * The path of a local file.
     *
     * @throws BadInputException if the location is not one
     */
    protected static Path path(URI location) {
        try {
            return Path.of(location);
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw new BadInputException(location + ": is not a local file; copy it to this machine", e);
        }
    }

    @Override
    public abstract void initialize(InputSplit split);

    @Override
    public final void initialize(Configuration configuration, InputSplit split) {
        setConf(configuration);
        initialize(split);
    }

    @Override
    public final List<Writable> next() {
        return nextRecord().getRecord();
    }

    @Override
    public final boolean resetSupported() {
        return true;
    }

    /** Returns no labels: records have no classes. */
    @Override
    public final List<String> getLabels() {
        return List.of();
    }

    /** A deserialized reader must be initialized again. */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        conf = new Configuration();
    }

    @Override
    public final void setConf(Configuration configuration) {
        conf = configuration;
    }

    @Override
    public final Configuration getConf() {
        return conf;
    }
}
