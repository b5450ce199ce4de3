package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.JsonId;
import org.llava4j.data.JsonInput;
import org.llava4j.data.TextFiles;
import org.llava4j.data.captions.Caption;
import org.llava4j.data.conversation.Turn;

/**
 * Record reader of captions, one per record. It detects the format of the file:
 *
 * <ul>
 *   <li>CC3M as published ({@code .tsv}: caption, tab, URL; also with a header row or with columns quoted as CSV
 *       writers do it); the image of row i is {@code GCC_train_<i>.jpg} with nine digits, as in LLaVA's archive;
 *   <li>LLaVA's {@code metadata.json}: {@code [{"id", "image", "caption"}]}, an array or JSONL;
 *   <li>LLaVA's {@code chat.json}: the caption is the last answer;
 *   <li>COCO captions: {@code {"images", "annotations"}}.
 * </ul>
 *
 * A DataVec record is three texts: id, image and caption.
 */
public final class CaptionRecordReader extends IndexedRecordReader<Caption> {
    private static final long serialVersionUID = 1L;
    private static final String ANNOTATIONS = "annotations";

    /** COCO images by id. */
    private transient Map<Long, CocoImages.CocoImage> images = new HashMap<>();

    /**
     * Opens a file.
     *
     * @throws BadInputException if it is missing or in none of these formats
     */
    public static CaptionRecordReader open(Path file) {
        return opened(new CaptionRecordReader(), List.of(file));
    }

    /**
     * Opens a file that must have captions.
     *
     * @throws BadInputException as {@link #open}, or if it has no captions
     */
    public static CaptionRecordReader openNonEmpty(Path file) {
        CaptionRecordReader reader = open(file);
        if (reader.size() == 0) {
            reader.close();
            throw new BadInputException(file + ": has no captions; check the file");
        }
        return reader;
    }

    @Override
    List<EntryIndex> index(InputSplit split) {
        images = new HashMap<>();
        List<EntryIndex> indexes = new ArrayList<>();
        return CloseOnFailure.run(() -> indexes.forEach(EntryIndex::close), () -> {
            for (URI location : split.locations()) {
                Path file = path(location);
                EntryFormat format = format(file);
                if (format == JsonEntries.ANNOTATIONS) {
                    CocoImages.addTo(images, file);
                }
                EntryIndex index = EntryIndex.of(file, format);
                indexes.add(index);
                if (format == JsonEntries.ANNOTATIONS) {
                    CocoAnnotationType.CAPTIONS.require(index);
                }
            }
            return indexes;
        });
    }

    private static EntryFormat format(Path file) {
        if (file.toString().toLowerCase(Locale.ROOT).endsWith(".tsv")) {
            return new TsvEntries();
        }
        try (InputStream in = Files.newInputStream(file)) {
            TextFiles.bomBytes(file); // names UTF-16, which is not UTF-8 for the parser
            return JsonEntries.hasMember(in, ANNOTATIONS) ? JsonEntries.ANNOTATIONS : JsonEntries.LIST;
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    @Override
    Caption parse(JsonNode entry, String key) {
        if (entry.has(TsvEntries.ROW)) {
            int row = entry.get(TsvEntries.ROW).intValue();
            String name = String.format(Locale.ROOT, "GCC_train_%09d", row);
            return new Caption(name, name + ".jpg", caption(new JsonFields(entry, "row " + row)));
        }
        if (entry.has("image_id")) {
            return ofCoco(entry, images);
        }
        if (entry.has("conversations")) {
            return ofConversation(new ConversationRecordReader(), entry);
        }
        String id = entry.path("id").asText("");
        JsonFields fields = new JsonFields(entry, "caption " + id);
        String image = fields.text("image");
        return new Caption(id.isEmpty() ? JsonId.of(image) : fields.jsonId("id"), image, caption(fields));
    }

    /**
     * Parses a COCO caption.
     *
     * @throws BadInputException if it is malformed, or its image is not among the file's images
     */
    static Caption ofCoco(JsonNode entry, Map<Long, CocoImages.CocoImage> images) {
        JsonFields annotation = annotation(entry);
        long image = annotation.id("image_id");
        CocoImages.CocoImage cocoImage = images.get(image);
        if (cocoImage == null) {
            throw new BadInputException("image " + image + " of the caption is missing in \"images\"");
        }
        return new Caption(JsonId.of(annotation.id("id")), cocoImage.file(), caption(annotation));
    }

    private static JsonFields annotation(JsonNode entry) {
        return new JsonFields(entry, "annotation " + entry.path("id").asText("without id"));
    }

    /** Returns the text of a COCO caption. */
    static String caption(JsonNode annotation) {
        return caption(annotation(annotation));
    }

    private static String caption(JsonFields fields) {
        String text = fields.text("caption").strip();
        if (text.isEmpty()) {
            throw new BadInputException("the caption is empty; remove the entry");
        }
        return text;
    }

    private static Caption ofConversation(ConversationRecordReader reader, JsonNode entry) {
        var sample = reader.parse(entry, "");
        List<Turn> turns = sample.turns();
        Turn last = turns.get(turns.size() - 1);
        if (last.isHuman() || sample.images().size() != 1) {
            throw new BadInputException("sample " + sample.id() + " is not a caption of one image");
        }
        return new Caption(sample.jsonId(), sample.images().get(0), last.value().strip());
    }

    @Override
    List<Writable> writables(Caption value) {
        return List.of(new Text(value.id()), new Text(value.image()), new Text(value.text()));
    }
}
