package org.llava4j.train.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.split.FileSplit;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.ConversationDataset;
import org.llava4j.data.batch.TokenizedDataset;
import org.llava4j.data.batch.TokenizedDatasetManifest;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.train.stage.DataArguments.DataFormat;
import org.llava4j.train.stage.DataArguments.ScienceQaFormat;
import org.llava4j.train.stage.Stage;

/**
 * Data source that is open for reading.
 *
 * @param samples its samples
 * @param layouts number of samples by layout of a file of conversations; null for other data
 * @param closer closes its files
 */
public record OpenDataSource(
        ConversationDataset samples, @Nullable LayoutCounts layouts, Runnable closer) implements AutoCloseable {

    /**
     * Opens a source.
     *
     * @throws BadInputException if it is missing, broken or empty
     */
    public static OpenDataSource of(SampleEncoding reading, DataSource source) {
        return TokenizedDataset.isIn(source.data()) ? shards(reading, source) : of(reading.stage(), source);
    }

    /**
     * Counts the samples of a source.
     *
     * @throws BadInputException if it is missing, broken or empty
     */
    public static int count(Stage stage, DataSource source) {
        if (TokenizedDataset.isIn(source.data())) {
            return JsonInput.read(source.data().resolve(TokenizedDatasetManifest.FILE), TokenizedDatasetManifest.class)
                    .samples();
        }
        try (OpenDataSource open = of(stage, source)) {
            return open.samples().size();
        }
    }

    private static OpenDataSource of(Stage stage, DataSource source) {
        OpenDataSource open = open(stage, source);
        if (open.samples().size() == 0) {
            open.close();
            throw new BadInputException(source.data() + " has no samples; check the file, or leave it out");
        }
        return open;
    }

    private static OpenDataSource open(Stage stage, DataSource source) {
        ScienceQaFormat format = stage.data().scienceQa();
        if (source.reader() != null) {
            return records(source.reader().get(), source);
        }
        return format != null && source.format(stage) == DataFormat.SCIENCEQA
                ? scienceQa(format, source)
                : conversations(source);
    }

    private static OpenDataSource records(RecordReader reader, DataSource source) {
        try (reader) {
            reader.initialize(new FileSplit(source.data().toFile()));
            return new OpenDataSource(ConversationDataset.read(reader, conversationImages(source)), null, () -> {});
        } catch (IOException e) {
            throw FileReadError.of(source.data().toString(), e, "check the file and the reader");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("reading " + source.data() + " was interrupted", e);
        }
    }

    private static OpenDataSource shards(SampleEncoding reading, DataSource source) {
        if (source.images() == null) {
            throw new BadInputException(source.data()
                    + " is a tokenized dataset, which does not name its image folder; set --image-folder");
        }
        TokenizedDataset samples = TokenizedDataset.open(source.data(), source.images());
        samples.requireEncoding(reading.identity(source));
        return new OpenDataSource(samples, samples.layouts(), samples::close);
    }

    private static OpenDataSource scienceQa(ScienceQaFormat format, DataSource source) {
        ScienceQaRecordReader reader = ScienceQaRecordReader.open(source.data(), format.split());
        Path images = source.images() == null ? source.data().resolve("images") : source.images();
        return new OpenDataSource(ConversationDataset.of(reader, format.promptFormat(), images), null, reader::close);
    }

    private static OpenDataSource conversations(DataSource source) {
        ConversationRecordReader reader = ConversationRecordReader.open(source.data());
        return new OpenDataSource(
                ConversationDataset.of(reader, conversationImages(source)), reader.layouts(), reader::close);
    }

    private static Path conversationImages(DataSource source) {
        return source.images() == null ? source.data().toAbsolutePath().resolveSibling("") : source.images();
    }

    /** Hash over the content of a source, without its images. */
    public static String sha256(DataSource source) {
        if (Files.isRegularFile(source.data())) {
            return Sha256.of(source.data());
        }
        if (TokenizedDataset.isIn(source.data())) {
            return Sha256.of(source.data().resolve(TokenizedDatasetManifest.FILE));
        }
        Sha256 both = new Sha256();
        for (String name : List.of("problems.json", "pid_splits.json")) {
            both.add(Sha256.of(source.data().resolve(name)));
        }
        return both.hex();
    }

    @Override
    public void close() {
        closer.run();
    }
}
