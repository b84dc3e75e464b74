#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    kubentra_fuzz::operations::check(input);
});
