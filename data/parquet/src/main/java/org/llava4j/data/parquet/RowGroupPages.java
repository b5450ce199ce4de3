package org.llava4j.data.parquet;

import java.nio.channels.FileChannel;
import java.util.List;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.format.ColumnMetaData;
import org.llava4j.data.BadInputException;

/** Column chunks of one row group. */
record RowGroupPages(FileChannel channel, ParquetFooter.RowGroup group) implements PageReadStore {
    @Override
    public PageReader getPageReader(ColumnDescriptor column) {
        List<String> path = List.of(column.getPath());
        ColumnMetaData chunk = group.columns().get(path);
        String name = String.join(".", path);
        if (chunk == null) {
            throw new BadInputException("has a row group without column " + name + "; download it again");
        }
        if (ParquetSchema.type(chunk.getType()) != column.getPrimitiveType().getPrimitiveTypeName()) {
            throw new BadInputException("has two types of column " + name + "; download it again");
        }
        return new ColumnPages(channel, column, chunk);
    }

    @Override
    public long getRowCount() {
        return group.rows();
    }
}
