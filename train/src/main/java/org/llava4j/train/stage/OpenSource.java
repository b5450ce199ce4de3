package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.SampleSource;
import org.llava4j.data.batch.ScienceQaSamples;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.IndexedRecordReader;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.train.stage.Stage.DataFormat;

/** One source of data while it is read. */
public record OpenSource(IndexedRecordReader<?> reader, SampleSource samples) implements AutoCloseable {

    /** @throws BadInputException if it is missing, broken or empty */
    public static OpenSource of(Stage stage, DataSource source) {
        OpenSource open = stage.dataFormat() == DataFormat.SCIENCEQA ? scienceQa(stage, source) : conversations(source);
        if (open.samples().size() == 0) {
            open.close();
            throw new BadInputException(
                    source.data() + ": there are no samples to make batches of; check the file, or" + " leave it out");
        }
        return open;
    }

    private static OpenSource scienceQa(Stage stage, DataSource source) {
        ScienceQaRecordReader reader = ScienceQaRecordReader.open(source.data(), stage.split());
        Path images = source.images() == null ? source.data().resolve("images") : source.images();
        return new OpenSource(reader, new ScienceQaSamples(reader, stage.answerFormat(), images));
    }

    private static OpenSource conversations(DataSource source) {
        ConversationRecordReader reader = ConversationRecordReader.open(source.data());
        Path images = source.images() == null ? source.data().toAbsolutePath().getParent() : source.images();
        return new OpenSource(reader, SampleSource.of(reader, images));
    }

    /** One hash of all that the data's file or folder says, its pictures aside. */
    static String sha256(DataSource source) {
        if (Files.isRegularFile(source.data())) {
            return Sha256.of(source.data());
        }
        Sha256 both = new Sha256();
        for (String name : List.of("problems.json", "pid_splits.json")) {
            both.add(Sha256.of(source.data().resolve(name)));
        }
        return both.hex();
    }

    @Override
    public void close() {
        reader.close();
    }
}
