package uk.ac.manchester.tornado.api.enums;

/** When a transfer happens. */
public class DataTransferMode {
    public static final int EVERY_EXECUTION = 1;

    private DataTransferMode() {}
}
