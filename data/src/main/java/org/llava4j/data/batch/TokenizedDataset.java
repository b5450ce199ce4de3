package org.llava4j.data.batch;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.data.records.TokenizedRecordReader;
import org.llava4j.data.records.TokenizedSample;

/**
 * Tokenized dataset: a folder of shards. Samples keep the indices that they have in the original dataset, and so their
 * order.
 */
public final class TokenizedDataset implements ConversationDataset, AutoCloseable {
    private final Path folder;
    private final TokenizedDatasetManifest shards;
    private final TokenizedRecordReader reader;
    private final Path images;
    private final int[] records; // shard record of each sample

    private TokenizedDataset(
            Path folder, TokenizedDatasetManifest shards, TokenizedRecordReader reader, Path images, int[] records) {
        this.folder = folder;
        this.shards = shards;
        this.reader = reader;
        this.images = images;
        this.records = records;
    }

    /** Tests whether a folder holds a tokenized dataset. */
    public static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve(TokenizedDatasetManifest.FILE));
    }

    /**
     * Reads the settings with which a dataset was tokenized.
     *
     * @throws BadInputException if the manifest is broken
     */
    public static Fingerprint encoding(Path folder) {
        return JsonInput.read(folder.resolve(TokenizedDatasetManifest.FILE), TokenizedDatasetManifest.class)
                .encoding();
    }

    /**
     * Opens a tokenized dataset.
     *
     * @param images folder that image paths are relative to
     * @throws BadInputException if a file is missing or differs from what was written
     */
    public static TokenizedDataset open(Path folder, Path images) {
        TokenizedDatasetManifest shards =
                JsonInput.read(folder.resolve(TokenizedDatasetManifest.FILE), TokenizedDatasetManifest.class);
        int[] records = new int[shards.samples()];
        Arrays.fill(records, -1);
        int record = 0;
        for (TokenizedDatasetManifest.Shard shard : shards.shards()) {
            Path file = folder.resolve(shard.file());
            if (!Files.isRegularFile(file) || !Sha256.of(file).equals(shard.sha256())) {
                throw new BadInputException(file + " is missing or was changed; write the tokenized dataset again");
            }
            for (int number : shard.numbers()) {
                if (number < 0 || number >= records.length || records[number] >= 0) {
                    throw new BadInputException(folder.resolve(TokenizedDatasetManifest.FILE) + ": sample " + number
                            + " is a duplicate or outside its " + records.length
                            + " samples; write the tokenized dataset again");
                }
                records[number] = record++;
            }
        }
        List<Path> files = shards.shards().stream()
                .map(shard -> folder.resolve(shard.file()))
                .toList();
        TokenizedRecordReader reader = TokenizedRecordReader.open(files);
        if (reader.size() != records.length) {
            int found = reader.size();
            reader.close();
            throw new BadInputException(folder + ": its shards have " + found + " samples, but "
                    + TokenizedDatasetManifest.FILE + " lists " + records.length
                    + "; write the tokenized dataset again");
        }
        return new TokenizedDataset(folder, shards, reader, images, records);
    }

    /**
     * Checks that the dataset was tokenized as a run would tokenize it.
     *
     * @throws BadInputException if a setting differs
     */
    public void requireEncoding(Fingerprint wanted) {
        List<String> differences = shards.encoding().differences(wanted);
        if (!differences.isEmpty()) {
            throw new BadInputException(folder + " was tokenized with other settings: "
                    + Fingerprint.summarize(differences) + "; write the tokenized dataset again with the run's flags");
        }
    }

    /** Returns the layouts of the original dataset; null for ScienceQA or if they were not stored. */
    public @Nullable LayoutCounts layouts() {
        return shards.layouts();
    }

    @Override
    public int size() {
        return records.length;
    }

    /** Returns the sample without its turns, which are stored as token ids. */
    @Override
    public Conversation get(int number) {
        TokenizedSample sample = sample(number);
        valid(sample);
        return new Conversation(sample.id(), sample.images(), List.of());
    }

    @Override
    public EncodedSample encoded(int number, Conversation conversation, ConversationEncoder encoder) {
        return valid(sample(number));
    }

    @Override
    public int modalityLength(int number) {
        TokenizedSample sample = sample(number);
        int tokens = Math.max(1, valid(sample).inputIds().length);
        return sample.images().isEmpty() ? -tokens : tokens;
    }

    /** @throws BadInputException if the shard has another sample than the manifest lists at its place */
    private TokenizedSample sample(int number) {
        TokenizedSample sample = reader.get(records[number]);
        if (sample.number() != number) {
            throw new BadInputException(folder.resolve(TokenizedDatasetManifest.FILE) + " lists sample " + number
                    + " where a shard has sample " + sample.number() + "; write the tokenized dataset again");
        }
        return sample;
    }

    private static EncodedSample valid(TokenizedSample sample) {
        EncodedSample encoded = sample.encoded();
        if (encoded == null) {
            throw new BadInputException(sample.where() + ": " + sample.problem());
        }
        return encoded;
    }

    @Override
    public String where(int number) {
        return sample(number).where();
    }

    @Override
    public Path image(int number, String name) {
        return images.resolve(name);
    }

    @Override
    public void close() {
        reader.close();
    }
}
