package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchOptions;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.batch.SampleSource;
import org.llava4j.data.batch.ScienceQaSamples;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.IndexedRecordReader;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.text.ImageSlot;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.model.SlotRows;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.train.stage.Stage.DataFormat;

/** A stage's data as batches. */
final class StageData implements AutoCloseable {
    private final IndexedRecordReader<?> reader;
    private final LlavaBatchIterator batches;
    private final RunPaths paths;
    private String sha256;

    private StageData(RunPaths paths, IndexedRecordReader<?> reader, LlavaBatchIterator batches) {
        this.paths = paths;
        this.reader = reader;
        this.batches = batches;
    }

    /** @param bad is told of every sample that is passed over */
    static StageData open(Stage stage, RunPaths paths, LlavaConfig config, Consumer<BadSample> bad) {
        ChatFormat chat = stage.chatFormat();
        if (stage.dataFormat() == DataFormat.SCIENCEQA
                && chat.template().training().dropInstruction()) {
            throw new BadInputException("\"convMode\" is " + stage.convMode() + ", which drops the questions, but"
                    + " \"dataFormat\" is " + stage.dataFormat() + "; use v1 or v0");
        }
        if (config.imageSlot().isPresent()
                && chat.template().training().dropInstruction()
                && stage.learns(SlotRows.NAME)
                && !stage.learns(SlotRows.TABLE)) {
            throw new BadInputException("\"convMode\" is " + stage.convMode() + ", which drops the questions and with"
                    + " them " + ImageSlot.START + " and " + ImageSlot.END
                    + ", whose rows \"trainable\" says shall learn;"
                    + " use v0 or v1 (--conv-mode), as the paper's stage 1 does, or leave " + SlotRows.NAME + " out");
        }
        ConversationEncoder encoder =
                new ConversationEncoder(LlamaTokenizer.load(paths.model()), chat.template(), chat.markup(config));
        SpliceOptions splice = new SpliceOptions(
                config.imageVectors(),
                config.decoder().vocabSize(),
                stage.maxLength(),
                SpliceOptions.Side.RIGHT,
                stage.lengthMultiple(),
                config.imageSlot());
        BatchOptions options = new BatchOptions(
                stage.batchSize(),
                stage.sortedBatches(),
                stage.seed(),
                stage.maxBadSamples(),
                config.vision().imageSizePx(),
                splice);
        return stage.dataFormat() == DataFormat.SCIENCEQA
                ? scienceQa(stage, paths, encoder, options, bad)
                : conversations(paths, encoder, options, bad);
    }

    private static StageData scienceQa(
            Stage stage, RunPaths paths, ConversationEncoder encoder, BatchOptions options, Consumer<BadSample> bad) {
        ScienceQaRecordReader reader = ScienceQaRecordReader.open(paths.data(), stage.split());
        Path images = paths.images() == null ? paths.data().resolve("images") : paths.images();
        return of(paths, reader, new ScienceQaSamples(reader, stage.answerFormat(), images), encoder, options, bad);
    }

    private static StageData conversations(
            RunPaths paths, ConversationEncoder encoder, BatchOptions options, Consumer<BadSample> bad) {
        ConversationRecordReader reader = ConversationRecordReader.open(paths.data());
        Path images = paths.images() == null ? paths.data().toAbsolutePath().getParent() : paths.images();
        return of(paths, reader, SampleSource.of(reader, images), encoder, options, bad);
    }

    private static StageData of(
            RunPaths paths,
            IndexedRecordReader<?> reader,
            SampleSource samples,
            ConversationEncoder encoder,
            BatchOptions options,
            Consumer<BadSample> bad) {
        StageData data = null;
        try {
            data = new StageData(
                    paths,
                    reader,
                    new LlavaBatchIterator(
                            samples,
                            encoder,
                            StageData::noPixels,
                            options,
                            // A run that passes over nothing meets a broken picture soon enough.
                            options.maxBadSamples() > 0 ? ImageFiles::read : image -> {},
                            bad));
            return data;
        } finally {
            if (data == null) {
                reader.close();
            }
        }
    }

    /** {@link #sha256(RunPaths)} of this data, taken once. */
    String sha256() {
        if (sha256 == null) {
            sha256 = sha256(paths);
        }
        return sha256;
    }

    /** One hash of all that the data's file or folder says, its pictures aside. */
    static String sha256(RunPaths paths) {
        if (Files.isRegularFile(paths.data())) {
            return Sha256.of(paths.data());
        }
        Sha256 both = new Sha256();
        for (String name : List.of("problems.json", "pid_splits.json")) {
            both.add(Sha256.of(paths.data().resolve(name)));
        }
        return both.hex();
    }

    /** Features come from the cache: batches are taken as plans, whose pictures are not read. */
    private static float[] noPixels(Path image) {
        throw new IllegalStateException("the pixels of " + image + " are not needed");
    }

    LlavaBatchIterator batches() {
        return batches;
    }

    @Override
    public void close() {
        reader.close();
    }
}
