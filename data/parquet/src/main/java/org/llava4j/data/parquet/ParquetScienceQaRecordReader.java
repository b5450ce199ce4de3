package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Record reader of ScienceQA in Parquet files with the columns of the Hugging Face hub. They have no ids: a problem's
 * id is its split and number. A DataVec record has the ten columns of {@link ScienceQaRecordReader}, and after them the
 * bytes of the image if there is one.
 */
public final class ParquetScienceQaRecordReader extends ParquetRecordReader<ScienceQaProblem> {
    private static final long serialVersionUID = 1L;
    private static final List<String> OPTIONAL_TEXTS = List.of("hint", "lecture", "solution");

    /** Creates a reader, to be initialized with the files of one split or several. */
    public ParquetScienceQaRecordReader() {
        super(DatasetKind.SCIENCE_QA);
    }

    /**
     * Opens files.
     *
     * @throws BadInputException if one is not a Parquet file with ScienceQA's columns
     */
    static ParquetScienceQaRecordReader open(List<Path> files) {
        ParquetScienceQaRecordReader reader = new ParquetScienceQaRecordReader();
        reader.initialize(files);
        return reader;
    }

    @Override
    ParquetSample<ScienceQaProblem> sample(ObjectNode json, String split, long row) {
        RowImages images = new RowImages(index -> "image");
        images.replace(json, "image");
        if (!json.has("image")) {
            json.putNull("image");
        }
        for (String key : OPTIONAL_TEXTS) {
            if (!json.has(key)) {
                json.put(key, "");
            }
        }
        json.put("split", split);
        return new ParquetSample<>(ScienceQaRecordReader.problem(json, split + "-" + row), images.images());
    }

    @Override
    List<Writable> writables(ScienceQaProblem value) {
        return ScienceQaRecordReader.record(value);
    }
}
