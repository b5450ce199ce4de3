package org.llava4j.model.features;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.image.RgbImage;

/**
 * LRU cache of the features of the last {@value #CAPACITY} images, in files or in memory: a conversation sends its
 * images with every question. Not thread-safe.
 */
public final class RecentImageFeatures {
    private static final int CAPACITY = 16;

    private final FeatureSource source;
    private final Map<Object, float[]> recent = new LinkedHashMap<>(CAPACITY, 0.75f, true);

    /** The computation that {@link #prepare} continues, and the key of its image. */
    private @Nullable Object startedKey;

    private @Nullable FeatureSteps started;

    public RecentImageFeatures(FeatureSource source) {
        this.source = source;
    }

    /**
     * Returns the features of images, each {@code float32[P*Dv]}.
     *
     * @throws org.llava4j.data.BadInputException if an image is missing or damaged
     */
    public List<float[]> features(List<ImageRef> images) {
        List<Object> keys = images.stream().map(ImageBytes::contentKey).toList();
        Map<Object, float[]> found = new LinkedHashMap<>();
        Map<Object, ImageRef.InFile> files = new LinkedHashMap<>();
        Map<Object, RgbImage> decoded = new LinkedHashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            float[] known = recent.get(keys.get(i));
            if (known != null) {
                found.put(keys.get(i), known);
            } else if (images.get(i) instanceof ImageRef.InFile file) {
                files.put(keys.get(i), file);
            } else if (images.get(i) instanceof ImageRef.InMemory memory) {
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

    /**
     * Computes the features of images in advance, one image at a time and in steps, so that {@link #features} finds
     * them.
     *
     * @param pause asked after each step
     * @return whether all are computed; if not, the next call continues
     * @throws org.llava4j.data.BadInputException if an image is missing or damaged
     */
    public boolean prepare(List<ImageRef> images, BooleanSupplier pause) {
        for (ImageRef image : images) {
            Object key = ImageBytes.contentKey(image);
            if (!recent.containsKey(key) && !prepare(key, image, pause)) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether the image's features are computed and the next image may start. */
    private boolean prepare(Object key, ImageRef image, BooleanSupplier pause) {
        FeatureSteps steps = started;
        if (steps == null || !key.equals(startedKey)) {
            end();
            steps = source.start(image);
            started = steps;
            startedKey = key;
        }
        boolean complete = false;
        try {
            complete = steps.advance(pause);
            if (complete) {
                cache(Map.of(key, steps.features()));
            }
        } catch (RuntimeException | Error e) {
            end();
            throw e;
        }
        if (complete) {
            end();
        }
        return complete;
    }

    private void end() {
        if (started != null) {
            started.close();
        }
        started = null;
        startedKey = null;
    }

    /** A reference to a decoded image for requests, cropped to the region that the tower reads. */
    public ImageRef toImageRef(RgbImage image) {
        return new ImageRef.InMemory(source.visibleRegion(image));
    }

    /** The treatment of the EXIF orientation of image files. */
    public ExifOrientation orientation() {
        return source.orientation();
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
