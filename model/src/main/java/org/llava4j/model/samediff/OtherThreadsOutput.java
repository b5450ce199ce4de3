package org.llava4j.model.samediff;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/** Output that discards what the thread that created it prints, and passes on what other threads print. */
final class OtherThreadsOutput extends OutputStream {
    private final PrintStream out;
    private final Thread muted = Thread.currentThread();

    private OtherThreadsOutput(PrintStream out) {
        this.out = out;
    }

    /** A stdout with the calling thread muted. */
    static PrintStream of(PrintStream out) {
        String encoding = System.getProperty("stdout.encoding"); // from JDK 18; before, it is the default
        Charset charset = encoding == null ? Charset.defaultCharset() : Charset.forName(encoding);
        return new PrintStream(new OtherThreadsOutput(out), true, charset);
    }

    @Override
    public void write(int b) {
        if (Thread.currentThread() != muted) {
            out.write(b);
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        if (Thread.currentThread() != muted) {
            out.write(bytes, offset, length);
        }
    }

    @Override
    public void flush() {
        out.flush();
    }
}
