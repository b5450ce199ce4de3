package org.llava4j.train.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileChangedException;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.ConversationDataset;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.image.ImageBytes;

/** Hash over the content of all images that the samples of a data source name. */
final class ImageHashes {
    /** Images that are hashed in parallel; the hashes are combined in order. */
    private static final int HASH_BATCH_SIZE = 1024;

    private final ConversationDataset samples;
    private final Set<Path> seen = new HashSet<>();
    private final List<Path> pending = new ArrayList<>();
    private final Sha256 hash = new Sha256();
    private long images;

    private ImageHashes(ConversationDataset samples) {
        this.samples = samples;
    }

    /**
     * Hashes the images of one source.
     *
     * @param numbers indices of samples; those of other sources are ignored
     */
    static String of(ConversationDataset samples, int source, IntStream numbers) {
        ImageHashes hashes = new ImageHashes(samples);
        numbers.filter(number -> samples.sourceOf(number) == source).forEach(hashes::add);
        hashes.flush();
        return hashes.images == 0 ? "none" : hashes.images + " images, sha256 " + hashes.hash.hex();
    }

    private void add(int number) {
        Conversation sample;
        try {
            sample = samples.get(number);
        } catch (FileChangedException e) {
            throw e;
        } catch (BadInputException e) {
            // The iterator reports invalid samples; the hash of the data covers them.
            return;
        }
        for (String name : sample.images()) {
            Path image = samples.image(number, name);
            if (seen.add(image)) {
                pending.add(image);
            }
        }
        if (pending.size() >= HASH_BATCH_SIZE) {
            flush();
        }
    }

    private void flush() {
        pending.parallelStream().map(ImageHashes::hash).toList().forEach(hash::add);
        images += pending.size();
        pending.clear();
    }

    private static String hash(Path image) {
        try {
            return Sha256.of(ImageBytes.read(image)) + "\n";
        } catch (BadInputException e) {
            return "missing or unreadable\n";
        }
    }
}
