package org.llava4j.model.features;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.image.RgbImage;

/**
 * Features of pictures wherever these are, the last few kept: a conversation brings its picture with every question.
 * Used by one thread at a time.
 */
public final class RecentImageFeatures {
    private static final int CAPACITY = 16;

    private final FeatureSource source;
    private final Map<Object, float[]> recent = new LinkedHashMap<>(CAPACITY, 0.75f, true);

    public RecentImageFeatures(FeatureSource source) {
        this.source = source;
    }

    private record FileKey(ImageRef.InFile file, ImageBytes.ImageVersion version) {}

    /**
     * Features of pictures, each {@code float32[P*Dv]}.
     *
     * @throws org.llava4j.data.BadInputException if a picture is missing or broken
     */
    public List<float[]> features(List<ImageRef> pictures) {
        List<Object> keys = pictures.stream().map(RecentImageFeatures::key).toList();
        Map<Object, float[]> found = new LinkedHashMap<>();
        Map<Object, ImageRef.InFile> files = new LinkedHashMap<>();
        Map<Object, RgbImage> decoded = new LinkedHashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            float[] known = recent.get(keys.get(i));
            if (known != null) {
                found.put(keys.get(i), known);
            } else if (pictures.get(i) instanceof ImageRef.InFile file) {
                files.put(keys.get(i), file);
            } else if (pictures.get(i) instanceof ImageRef.InMemory memory) {
                decoded.put(keys.get(i), memory.image());
            }
        }
        putAll(
                found,
                files.keySet(),
                source.features(
                        files.values().stream().map(ImageRef.InFile::path).toList()));
        putAll(found, decoded.keySet(), source.featuresOfDecoded(List.copyOf(decoded.values())));
        cache(found);
        return keys.stream().map(found::get).toList();
    }

    /** A picture to be asked about, later and perhaps often; of a large one only what is looked at is kept. */
    public ImageRef toImageRef(RgbImage image) {
        return new ImageRef.InMemory(source.visibleRegion(image));
    }

    private static Object key(ImageRef picture) {
        return picture instanceof ImageRef.InFile file ? new FileKey(file, ImageBytes.version(file.path())) : picture;
    }

    private static void putAll(Map<Object, float[]> into, Iterable<Object> keys, List<float[]> features) {
        int i = 0;
        for (Object key : keys) {
            into.put(key, features.get(i++));
        }
    }

    private void cache(Map<Object, float[]> found) {
        recent.putAll(found);
        List<Object> oldestFirst = new ArrayList<>(recent.keySet());
        oldestFirst.subList(0, Math.max(0, oldestFirst.size() - CAPACITY)).forEach(recent::remove);
    }
}
