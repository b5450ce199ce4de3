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
import org.datavec.api.split.FileSplit;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.captions.Caption;
import org.llava4j.data.conversation.Turn;

/**
 * Reads captions, one record each, whatever the file is:
 *
 * <ul>
 *   <li>CC3M as published ({@code .tsv}: caption, tab, address); row i's picture is {@code GCC_train_<i>.jpg} with nine
 *       digits, as in LLaVA's archive;
 *   <li>LLaVA's {@code metadata.json}: {@code [{"id", "image", "caption"}]}, an array or JSONL;
 *   <li>LLaVA's {@code chat.json}: the caption is what is answered last;
 *   <li>COCO's captions: {@code {"images", "annotations"}}.
 * </ul>
 *
 * To DataVec a record is three texts: id, image and caption.
 */
public final class CaptionRecordReader extends IndexedRecordReader<Caption> {
    private static final long serialVersionUID = 1L;
    private static final String ANNOTATIONS = "annotations";

    /** By COCO's number of a picture, its file. */
    private transient Map<Long, String> pictures = new HashMap<>();

    /** A reader over one file. @throws BadInputException if it is missing or of none of these formats */
    public static CaptionRecordReader open(Path file) {
        CaptionRecordReader reader = new CaptionRecordReader();
        reader.initialize(new FileSplit(requireFile(file).toFile()));
        return reader;
    }

    /** The same over a file that has captions. @throws BadInputException if it has none */
    public static CaptionRecordReader openSome(Path file) {
        CaptionRecordReader reader = open(file);
        if (reader.size() == 0) {
            reader.close();
            throw new BadInputException(file + ": there are no captions; check the file");
        }
        return reader;
    }

    @Override
    List<EntryIndex> index(InputSplit split) {
        pictures = new HashMap<>();
        List<EntryIndex> indexes = new ArrayList<>();
        for (URI location : split.locations()) {
            Path file = path(location);
            EntryFormat format = format(file);
            if (format == JsonEntries.ANNOTATIONS) {
                CocoPictures.addTo(pictures, file);
            }
            indexes.add(EntryIndex.of(file, format));
        }
        return indexes;
    }

    private static EntryFormat format(Path file) {
        if (file.toString().toLowerCase(Locale.ROOT).endsWith(".tsv")) {
            return new TsvEntries();
        }
        try (InputStream in = Files.newInputStream(file)) {
            return JsonEntries.hasMember(in, ANNOTATIONS) ? JsonEntries.ANNOTATIONS : JsonEntries.LIST;
        } catch (IOException e) {
            throw JsonInput.broken(file.toString(), 0, e);
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
            JsonFields annotation =
                    new JsonFields(entry, "annotation " + entry.path("id").asText("without id"));
            long image = annotation.id("image_id");
            String file = pictures.get(image);
            if (file == null) {
                throw new BadInputException("the caption is of image " + image + ", which is not among \"images\"");
            }
            return new Caption(String.valueOf(annotation.id("id")), file, caption(annotation));
        }
        if (entry.has("conversations")) {
            return ofConversation(new ConversationRecordReader(), entry);
        }
        String id = entry.path("id").asText("");
        JsonFields fields = new JsonFields(entry, "caption " + id);
        String image = fields.text("image");
        return new Caption(id.isEmpty() ? image : id, image, caption(fields));
    }

    private static String caption(JsonFields fields) {
        String text = fields.text("caption").strip();
        if (text.isEmpty()) {
            throw new BadInputException("the caption is empty; leave the entry out");
        }
        return text;
    }

    private static Caption ofConversation(ConversationRecordReader reader, JsonNode entry) {
        var sample = reader.parse(entry, "");
        List<Turn> turns = sample.turns();
        Turn last = turns.get(turns.size() - 1);
        if (last.isHuman() || sample.images().size() != 1) {
            throw new BadInputException("sample " + sample.id() + " is no caption of one picture");
        }
        return new Caption(sample.id(), sample.images().get(0), last.value().strip());
    }

    @Override
    List<Writable> writables(Caption value) {
        return List.of(new Text(value.id()), new Text(value.image()), new Text(value.text()));
    }
}
