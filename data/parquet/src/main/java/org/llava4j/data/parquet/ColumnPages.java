package org.llava4j.data.parquet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/** Pages of one column chunk, read one at a time. Everything that Parquet's decoders rely on is checked here. */
final class ColumnPages implements PageReader {
    /** Headers contain the smallest and the largest value of the page, up to 4 KB each. */
    private static final int MAX_HEADER_BYTES = 1 << 20;

    private final ColumnDescriptor column;
    private final PageCodec codec;
    private final long values;
    private final ChunkInput in;
    private final PageLayout layout;
    private @Nullable PageHeader pending;

    /**
     * Opens a column chunk.
     *
     * @throws BadInputException if its compression is not supported
     */
    ColumnPages(FileChannel channel, ColumnDescriptor column, ColumnMetaData chunk) {
        this.column = column;
        codec = new PageCodec(chunk.getCodec());
        values = chunk.getNum_values();
        in = new ChunkInput(channel, ParquetFooter.start(chunk), chunk.getTotal_compressed_size());
        layout = new PageLayout(column);
    }

    @Override
    public long getTotalValueCount() {
        return values;
    }

    @Override
    public @Nullable DictionaryPage readDictionaryPage() {
        try {
            PageHeader header = header();
            if (header.getType() != PageType.DICTIONARY_PAGE) {
                pending = header;
                return null;
            }
            DictionaryPageHeader dictionary = header.getDictionary_page_header();
            byte[] page = wholePage(header);
            int size = dictionary.getNum_values();
            if (size < 0 || size > page.length) { // each value takes a byte or more; the decoder allocates by this size
                throw new IOException("a dictionary of " + page.length + " bytes claims " + size + " values");
            }
            // Older files call the encoding of a dictionary's own values PLAIN_DICTIONARY.
            encoding(dictionary.getEncoding());
            return new DictionaryPage(BytesInput.from(page), size, Encoding.PLAIN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Skips empty pages, which pyarrow writes between row limits and which the library's decoder does not expect. */
    @Override
    public DataPage readPage() {
        try {
            DataPage page;
            do {
                PageHeader header = header();
                page = switch (header.getType()) {
                    case DATA_PAGE -> pageV1(header, header.getData_page_header());
                    case DATA_PAGE_V2 -> pageV2(header, header.getData_page_header_v2());
                    default -> throw new IOException("has a page of type " + header.getType() + " instead of data");
                };
            } while (page.getValueCount() == 0);
            return page;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private PageHeader header() throws IOException {
        PageHeader header = pending;
        pending = null;
        while (header == null) {
            if (in.left() == 0) {
                throw new IOException("has fewer values than its footer says");
            }
            PageHeader next = new PageHeader();
            ThriftStructs.read(next, in, MAX_HEADER_BYTES);
            PageCodec.requireSizes(next.getCompressed_page_size(), next.getUncompressed_page_size());
            boolean complete = switch (next.getType()) {
                case DATA_PAGE -> next.isSetData_page_header();
                case DATA_PAGE_V2 -> next.isSetData_page_header_v2();
                case DICTIONARY_PAGE -> next.isSetDictionary_page_header();
                case INDEX_PAGE -> true;
            };
            if (!complete) {
                throw new IOException("a page has an incomplete header");
            }
            if (next.getType() == PageType.INDEX_PAGE) {
                in.skipNBytes(next.getCompressed_page_size());
            } else {
                header = next;
            }
        }
        return header;
    }

    private DataPage pageV1(PageHeader header, DataPageHeader page) throws IOException {
        byte[] bytes = wholePage(header);
        Encoding encoding = encoding(page.getEncoding());
        layout.requireV1(
                bytes,
                page.getNum_values(),
                encoding(page.getRepetition_level_encoding()),
                encoding(page.getDefinition_level_encoding()),
                encoding);
        return new DataPageV1(
                BytesInput.from(bytes),
                page.getNum_values(),
                bytes.length,
                null, // statistics, which only filters need
                Encoding.RLE,
                Encoding.RLE,
                encoding);
    }

    private DataPage pageV2(PageHeader header, DataPageHeaderV2 page) throws IOException {
        byte[] stored = stored(header);
        int repetition = page.getRepetition_levels_byte_length();
        int definition = page.getDefinition_levels_byte_length();
        int levels = repetition + definition;
        if (repetition < 0 || definition < 0 || levels < 0 || levels > stored.length) {
            throw new IOException("a page has levels outside of its bytes");
        }
        int size = header.getUncompressed_page_size() - levels;
        if (size < 0) {
            throw new IOException("a page has levels outside of its bytes");
        }
        boolean compressed = !page.isSetIs_compressed() || page.isIs_compressed();
        byte[] data = compressed
                ? codec.decompress(stored, levels, stored.length - levels, size)
                : Arrays.copyOfRange(stored, levels, stored.length);
        Encoding encoding = encoding(page.getEncoding());
        layout.requireV2(stored, repetition, definition, data, page.getNum_values(), encoding);
        return DataPageV2.uncompressed(
                page.getNum_rows(),
                page.getNum_nulls(),
                page.getNum_values(),
                BytesInput.from(stored, 0, repetition),
                BytesInput.from(stored, repetition, definition),
                encoding,
                BytesInput.from(data),
                null);
    }

    private byte[] wholePage(PageHeader header) throws IOException {
        byte[] stored = stored(header);
        return codec.decompress(stored, 0, stored.length, header.getUncompressed_page_size());
    }

    /** Reads a page as it is in the file, and compares its checksum if it has one. */
    private byte[] stored(PageHeader header) throws IOException {
        byte[] bytes = in.readExactly(header.getCompressed_page_size());
        if (header.isSetCrc()) {
            CRC32 crc = new CRC32();
            crc.update(bytes);
            if ((int) crc.getValue() != header.getCrc()) {
                throw new IOException("a page has another checksum than its header says");
            }
        }
        return bytes;
    }

    private Encoding encoding(org.apache.parquet.format.Encoding encoding) {
        return switch (encoding) {
            case PLAIN -> Encoding.PLAIN;
            case RLE -> Encoding.RLE;
            case PLAIN_DICTIONARY, RLE_DICTIONARY -> Encoding.RLE_DICTIONARY;
            default ->
                throw new BadInputException("column " + String.join(".", column.getPath()) + " has the encoding "
                        + encoding + "; write it with PLAIN or with dictionaries, as the datasets library does");
        };
    }
}
