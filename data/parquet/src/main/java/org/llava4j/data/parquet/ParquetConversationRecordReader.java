package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.records.ConversationRecordReader;

/**
 * Record reader of conversations in Parquet files. The columns {@code conversations} or {@code messages} have the
 * layouts of {@link ConversationRecordReader}; {@code image} or {@code images} have the bytes. A row without an
 * {@code id} gets its split and number. A DataVec record is three texts, id, images as a JSON array and turns, and after
 * them the bytes of each image.
 */
public final class ParquetConversationRecordReader extends ParquetRecordReader<Conversation> {
    private static final long serialVersionUID = 1L;
    private static final int ROWS_PER_FOLDER = 1000;

    /** Creates a reader, to be initialized with the files of one split or several. */
    public ParquetConversationRecordReader() {
        super(DatasetKind.CONVERSATIONS);
    }

    /**
     * Opens files.
     *
     * @throws BadInputException if one is not a Parquet file with conversations
     */
    static ParquetConversationRecordReader open(List<Path> files) {
        ParquetConversationRecordReader reader = new ParquetConversationRecordReader();
        reader.initialize(files);
        return reader;
    }

    @Override
    ParquetSample<Conversation> sample(ObjectNode json, String split, long row) {
        RowImages images = new RowImages(index ->
                String.format("%s/%05d/%08d%s", split, row / ROWS_PER_FOLDER, row, index == 0 ? "" : "-" + index));
        images.replace(json, "image");
        images.replace(json, "images");
        listOfStructs(json, "conversations");
        listOfStructs(json, "messages");
        for (JsonNode turn : json.path("messages")) {
            for (JsonNode part : turn.path("content")) {
                if (part instanceof ObjectNode object) {
                    images.replace(object, "image");
                }
            }
        }
        if (!json.has("id")) {
            json.put("id", split + "-" + row);
        }
        return new ParquetSample<>(ConversationRecordReader.parse(json), images.images());
    }

    /** Converts a struct of lists, as which the datasets library stores a {@code Sequence} of structs. */
    private static void listOfStructs(ObjectNode json, String key) {
        if (json.get(key) instanceof ObjectNode columns) {
            ArrayNode rows = JsonNodeFactory.instance.arrayNode();
            columns.properties().forEach(column -> {
                for (int i = 0; i < column.getValue().size(); i++) {
                    ObjectNode row = i < rows.size() ? (ObjectNode) rows.get(i) : rows.addObject();
                    row.set(column.getKey(), column.getValue().get(i));
                }
            });
            json.set(key, rows);
        }
    }

    @Override
    List<Writable> writables(Conversation value) {
        return ConversationRecordReader.record(value);
    }
}
