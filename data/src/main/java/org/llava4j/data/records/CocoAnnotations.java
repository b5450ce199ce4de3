package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Closeable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;

/** Array {@code annotations} of a COCO file, grouped by image; 28 bytes of memory for each. */
final class CocoAnnotations implements Closeable {
    private final EntryIndex entries;
    private final long[] imageIds; // ascending
    private final int[] order; // entry of each image id

    private CocoAnnotations(EntryIndex entries, long[] imageIds, int[] order) {
        this.entries = entries;
        this.imageIds = imageIds;
        this.order = order;
    }

    /**
     * Opens a file.
     *
     * @param check throws a {@link BadInputException} for an invalid annotation; its location is added here
     */
    static CocoAnnotations of(Path coco, Consumer<JsonNode> check) {
        EntryIndex entries = EntryIndex.of(coco, JsonEntries.ANNOTATIONS);
        return CloseOnFailure.run(entries, () -> of(entries, check));
    }

    private static CocoAnnotations of(EntryIndex entries, Consumer<JsonNode> check) {
        long[] of = new long[entries.size()];
        for (int i = 0; i < of.length; i++) {
            JsonNode entry = entries.get(i);
            of[i] = at(entries, i, () -> {
                long image = new JsonFields(entry, "annotation").id("image_id");
                check.accept(entry);
                return image;
            });
        }
        int[] order = IntStream.range(0, of.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingLong(i -> of[i]).thenComparingInt(i -> i))
                .mapToInt(i -> i)
                .toArray();
        return new CocoAnnotations(
                entries, Arrays.stream(order).mapToLong(i -> of[i]).toArray(), order);
    }

    private static <T> T at(EntryIndex entries, int entry, Supplier<T> read) {
        try {
            return read.get();
        } catch (BadInputException e) {
            throw new BadInputException(entries.where(entry) + ": " + e.getMessage(), e);
        }
    }

    int size() {
        return order.length;
    }

    /**
     * Returns the annotations of an image, in file order.
     *
     * @throws BadInputException with file and line
     */
    <T> List<T> of(long imageId, Function<JsonNode, T> read) {
        int first = Arrays.binarySearch(imageIds, imageId);
        if (first < 0) {
            return List.of();
        }
        while (first > 0 && imageIds[first - 1] == imageId) {
            first--;
        }
        List<T> found = new ArrayList<>();
        for (int i = first; i < imageIds.length && imageIds[i] == imageId; i++) {
            int entry = order[i];
            JsonNode node = entries.get(entry);
            found.add(at(entries, entry, () -> read.apply(node)));
        }
        return found;
    }

    @Override
    public void close() {
        entries.close();
    }
}
