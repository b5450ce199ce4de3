package org.llava4j.train.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.datavec.api.records.reader.RecordReader;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.batch.MixtureSampler;
import org.llava4j.data.batch.TokenizedDataset;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.train.stage.DataArguments.DataFormat;
import org.llava4j.train.stage.Stage;

/**
 * Data source of a training run.
 *
 * @param data LLaVA's conversation JSON, ScienceQA's folder, or a tokenized dataset
 * @param images folder that image names are relative to; null for the default beside or in the data
 * @param weight sampling weight relative to other sources; null if each sample is seen once per epoch
 * @param reader creates a DataVec reader of {@code data} whose records have the columns of {@link
 *     ConversationRecordReader}; null to read the stage's own format
 */
public record DataSource(
        Path data,
        @Nullable Path images,
        @Nullable Double weight,
        @Nullable Supplier<RecordReader> reader) {
    /**
     * @throws org.llava4j.data.BadInputException if the weight is not positive
     */
    public DataSource {
        if (weight != null) {
            MixtureSampler.requireWeight(weight);
        }
    }

    /** A source in the format of the stage. */
    public DataSource(Path data, @Nullable Path images, @Nullable Double weight) {
        this(data, images, weight, null);
    }

    /** A source without weight: each sample is seen once per epoch. */
    public DataSource(Path data, @Nullable Path images) {
        this(data, images, null);
    }

    /**
     * Format of the source in a stage. In a {@link DataFormat#MIXED} one, a folder is ScienceQA's, a file has
     * conversations, and a tokenized dataset has what its manifest records.
     *
     * @return conversations or ScienceQA
     * @throws org.llava4j.data.BadInputException if the manifest of a tokenized dataset is broken
     */
    public DataFormat format(Stage stage) {
        DataFormat format = stage.data().dataFormat();
        if (format != DataFormat.MIXED) {
            return format;
        }
        if (TokenizedDataset.isIn(data)) {
            return SampleEncoding.format(TokenizedDataset.encoding(data));
        }
        return reader == null && Files.isDirectory(data) ? DataFormat.SCIENCEQA : DataFormat.CONVERSATIONS;
    }

    /**
     * The same file, read by a reader of your own. The identity of a run has the content of the file, but not the code
     * of the reader.
     */
    public DataSource withReader(Supplier<RecordReader> own) {
        return new DataSource(data, images, weight, own);
    }
}
